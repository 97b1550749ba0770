// Signs and checks with the platforms' own client libraries. In: one JSON object a line, with `scheme`, `body` (base64)
// and the `signature` to be checked; out: one a line, with the library's verdict `ok` and its own `signature`.
import "@shopify/shopify-api/adapters/node";
import { shopifyApi, LogSeverity } from "@shopify/shopify-api";
import { createSHA256HMAC, HashFormat } from "@shopify/shopify-api/runtime";
import { Webhook } from "standardwebhooks";
import { createInterface } from "node:readline";

const secret = "hush";
const shopify = shopifyApi({
  apiKey: "key",
  apiSecretKey: secret,
  apiVersion: "2026-01",
  hostName: "shop.example",
  isEmbeddedApp: false,
  scopes: [],
  logger: { level: LogSeverity.Error, log: () => {} },
});
const standard = new Webhook(Buffer.from(secret).toString("base64"));

const schemes = {
  async shopify(body, signature) {
    const headers = {
      "x-shopify-hmac-sha256": signature,
      "x-shopify-topic": "some/topic",
      "x-shopify-shop-domain": "a.myshopify.com",
      "x-shopify-api-version": "2026-01",
      "x-shopify-webhook-id": "w1",
    };
    const rawRequest = { method: "POST", url: "/", headers };
    const rawBody = body.toString("utf8");
    const { valid } = await shopify.webhooks.validate({ rawBody, rawRequest, rawResponse: {} });
    return { ok: valid, signature: await createSHA256HMAC(secret, rawBody, HashFormat.Base64) };
  },
  async standard(body, signature, time) {
    const headers = { "webhook-id": "m", "webhook-timestamp": String(time), "webhook-signature": signature };
    let ok = true;
    try {
      standard.verify(body, headers);
    } catch {
      ok = false;
    }
    return { ok, signature: standard.sign("m", new Date(time * 1000), body) };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { scheme, body, signature, time } = JSON.parse(line);
  console.log(JSON.stringify(await schemes[scheme](Buffer.from(body, "base64"), signature, time)));
}
