//! Work on the calling thread alone, whose allocations are counted.

/// Runs `work` in a pool whose only thread is this one.
pub fn alone<T>(work: impl FnOnce() -> T) -> T {
    thread_local! {
        static POOL: rayon::ThreadPool = rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .use_current_thread()
            .build()
            .expect("a pool");
    }
    POOL.with(|pool| {
        let mut work = Some(work);
        let mut done = None;
        pool.in_place_scope(|_| done = work.take().map(|work| work()));
        done.expect("done once")
    })
}
