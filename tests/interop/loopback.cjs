// Makes every server of a Node program listen on 127.0.0.1 only; preload it: NODE_OPTIONS="--require …/loopback.cjs".
// server-everything takes a port but no host, and would else be open to the whole network while the run lasts.
"use strict";

const { Server } = require("node:net");
const host = "127.0.0.1";
const listen = Server.prototype.listen;

Server.prototype.listen = function (first, ...rest) {
  if (typeof first === "object" && first !== null && "port" in first) {
    return listen.call(this, { ...first, host }, ...rest);
  }
  if (first === undefined || typeof first === "function" || /^\d+$/.test(String(first))) {
    const port = typeof first === "function" ? 0 : Number(first ?? 0);
    const done = [first, ...rest].findLast((argument) => typeof argument === "function");
    return listen.call(this, { port, host }, ...(done ? [done] : []));
  }
  return listen.call(this, first, ...rest); // a socket's path or a handle: not a network
};
