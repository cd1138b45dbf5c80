// Preloaded before the servers start: whatever listens, listens on this machine only, and what would be fetched over
// https from a name such as desk.at-8123.net is asked of port 8123 of this machine.
const net = require("node:net");

const listen = net.Server.prototype.listen;

net.Server.prototype.listen = function (first, ...rest) {
  if (typeof first === "number" || (typeof first === "string" && /^\d+$/.test(first))) {
    const done = rest.filter((argument) => typeof argument === "function");
    return listen.call(this, { port: Number(first), host: "127.0.0.1" }, ...done);
  }
  if (first && typeof first === "object" && "port" in first) {
    return listen.call(this, { ...first, host: "127.0.0.1" }, ...rest);
  }
  return listen.call(this, first, ...rest);
};

const fetched = globalThis.fetch;

globalThis.fetch = function (input, init) {
  const asked = new URL(input instanceof Request ? input.url : input);
  const port = /\.at-(\d+)\.net$/.exec(asked.hostname)?.[1];
  if (!port) return fetched.call(this, input, init);
  const headers = { accept: "application/json", "x-forwarded-host": asked.host };
  return fetched.call(this, `http://127.0.0.1:${port}${asked.pathname}`, { headers, redirect: "error" });
};
