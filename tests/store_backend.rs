//! The store backend of the examples, on a real SQLite file: its books balance, twice and after refunds.

#[expect(dead_code, reason = "its `main` belongs to the example")]
#[path = "../examples/store_backend.rs"]
mod store_backend;

use std::path::PathBuf;

use clinch::{Key, Question, Tracker};
use rusqlite::Connection;

/// A database file that is not there yet and goes with the test.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("store-{name}.sqlite"));
        let _absent = std::fs::remove_file(&file);
        Self(file)
    }

    /// What the example's `main` does for everybody, through a connection of its own.
    fn credit(&self) {
        let mut db = store_backend::open_shop(&self.0).unwrap();
        store_backend::credit_everybody(&mut db).unwrap();
    }

    /// The file as another program sees it.
    fn open(&self) -> Connection {
        Connection::open(&self.0).unwrap()
    }

    /// Every row of both tables of credits, as texts.
    fn rows(&self) -> Vec<String> {
        let sql = "SELECT order_no || '|' || model || '|' || IFNULL(touchpoint, unattributed) || '|' || share
                || '|' || amount || '|' || currency || '|' || rules FROM credits
            UNION ALL SELECT order_no || '|' || model || '|' || line || '|' || touchpoint || '|' || amount
                || '|' || currency FROM line_credits
            ORDER BY 1";
        let db = self.open();
        let mut statement = db.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// Order, model, net by the shop's own tables, credited or unattributed, and credited line by line.
    fn books(&self) -> Vec<(String, String, i64, i64, Option<i64>)> {
        let sql = "SELECT order_no, model,
                MAX(0, total - IFNULL((SELECT SUM(amount) FROM refunds
                    WHERE refunds.order_no = orders.order_no), 0)),
                (SELECT SUM(amount) FROM credits AS c WHERE c.order_no = orders.order_no AND c.model = m.model),
                (SELECT SUM(amount) FROM line_credits AS c WHERE c.order_no = orders.order_no
                    AND c.model = m.model)
            FROM orders JOIN (SELECT DISTINCT order_no, model FROM credits) AS m USING (order_no)
            ORDER BY order_no, model";
        let db = self.open();
        let mut statement = db.prepare(sql).unwrap();
        let row =
            |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?));
        statement.query_map([], row).unwrap().map(Result::unwrap).collect()
    }

    /// Credited or unattributed is what is left of every order, in every model; line by line too.
    #[track_caller]
    fn assert_books_balance(&self, orders: usize) {
        let books = self.books();
        assert_eq!(books.len(), orders * store_backend::MODELS.len(), "{books:?}");
        for (order, model, net, credited, by_line) in books {
            assert_eq!(credited, net, "order {order}, {model}");
            assert!(by_line.is_none_or(|by_line| by_line == net), "order {order}, {model}: {by_line:?}");
        }
    }

    fn amount(&self, order: &str, model: &str, touchpoint: &str) -> i64 {
        let sql = "SELECT amount FROM credits WHERE (order_no, model, touchpoint) = (?1, ?2, ?3)";
        self.open().query_row(sql, [order, model, touchpoint], |row| row.get(0)).unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _gone = std::fs::remove_file(&self.0);
    }
}

#[test]
fn running_twice_leaves_the_same_rows() {
    let file = File::new("twice");
    file.credit();
    let rows = file.rows();
    assert!(rows.len() > 30, "{rows:?}");
    file.assert_books_balance(5);
    file.credit();
    assert_eq!(file.rows(), rows);
}

#[test]
fn a_refund_changes_the_credit_on_the_next_run() {
    let file = File::new("refund");
    file.credit();
    assert_eq!(file.amount("1001", "linear", "t1"), 3245);
    file.open().execute(store_backend::REFUND, []).unwrap();
    file.credit();
    assert_eq!(file.amount("1001", "linear", "t1"), 2745);
    file.assert_books_balance(5);
}

#[test]
fn a_full_refund_leaves_no_row_of_its_order() {
    let file = File::new("full-refund");
    file.credit();
    let all = "INSERT INTO refunds VALUES ('r2', '2026-03-11T09:00:00Z', '1001', 6490, 'EUR')";
    file.open().execute(all, []).unwrap();
    file.credit();
    assert!(!file.rows().iter().any(|row| row.starts_with("1001|")));
    assert!(file.rows().iter().any(|row| row.starts_with("1002|")));
    file.assert_books_balance(4);
}

#[test]
fn one_shoppers_rows_give_what_the_whole_shop_gives() {
    let file = File::new("whole");
    file.credit();
    let db = file.open();
    let everybody = store_backend::load_everybody(&db).unwrap();
    let one = store_backend::load_shopper(&db, "k6").unwrap();
    assert!(!one.is_empty() && one.len() < everybody.len() / 2);

    let mut tracker = Tracker::new(Key::new([7; 16]));
    tracker.extend(everybody).unwrap();
    let mut question = Question::new(store_backend::AS_OF.parse().unwrap());
    question.models = store_backend::MODELS.iter().map(|model| model.parse().unwrap()).collect();
    let mut compared = 0;
    for order in ["1001", "1002", "1003", "1004", "1005"] {
        let receipt = tracker.receipt(order, &question).unwrap().unwrap();
        for credits in &receipt.models {
            // A turn of another person shows no id on the receipt; it is the only one of its kind here.
            for credit in &credits.credits {
                let id = credit.touchpoint.as_str();
                let id = if id.starts_with('(') { "t3" } else { id };
                let value = credit.value.unwrap().minor();
                assert_eq!(file.amount(order, &credits.model, id), value, "{receipt}");
                compared += 1;
            }
        }
    }
    assert_eq!(compared, store_backend::MODELS.len() * 7);
}

#[test]
fn a_line_goes_to_the_turn_that_spoke_of_it() {
    let file = File::new("lines");
    file.credit();
    let sql = "SELECT touchpoint, amount FROM line_credits
        WHERE order_no = '1001' AND model = 'linear' AND line = 1 ORDER BY touchpoint";
    let db = file.open();
    let mut statement = db.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let rows: Vec<(String, i64)> = rows.map(Result::unwrap).collect();
    assert_eq!(rows, [("t1".to_owned(), 3990), ("t2".to_owned(), 0)]);
}
