#!/usr/bin/env node
// A mail server that delivers nothing: what the portal sends lands as files, one *.eml for each message, so that
// mail can be tried without a mail server of your own. It understands what RFC 5321 asks of the smallest server.
//
//   node mail-sink.mjs --dir DIRECTORY [--listen 127.0.0.1:2525]
//
// Prints one line of JSON when ready: {"url":"smtp://127.0.0.1:2525"}. Tests import startMailSink() instead and
// give it hooks, to refuse recipients or to break off in the middle.

import { mkdir, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const MAX_MESSAGE = 10 * 1024 * 1024;
const MAX_LINE = 1000;

const address = (text) => /^\s*<([^<>\s]*)>/.exec(text)?.[1];

// One connection. Commands come as lines; after DATA lines are the message until a lone dot.
class Session {
  constructor(socket, sink) {
    this.socket = socket;
    this.sink = sink;
    this.reset();
    this.rest = '';
    this.work = Promise.resolve();
  }

  reset() {
    this.from = null;
    this.to = [];
    this.lines = null;
    this.size = 0;
  }

  reply(text) {
    if (!this.socket.destroyed) this.socket.write(`${text}\r\n`);
  }

  // latin1 keeps every byte as it came; lines are handled one after the other, hooks may be slow.
  take(chunk) {
    const lines = (this.rest + chunk.toString('latin1')).split('\r\n');
    this.rest = lines.pop();
    if (this.lines === null && this.rest.length > MAX_LINE) return this.socket.destroy();
    for (const line of lines) {
      this.work = this.work.then(() => this.line(line)).catch(() => this.socket.destroy());
    }
    return undefined;
  }

  async line(line) {
    if (this.lines !== null) return this.dataLine(line);
    const [, verb, rest] = /^(\S+)\s?(.*)$/.exec(line) ?? [null, '', ''];
    const command = COMMANDS[verb.toUpperCase()];
    if (!command) return this.reply('500 5.5.1 unknown command');
    return command(this, rest);
  }

  async dataLine(line) {
    if (line === '.') return this.finish();
    this.size += line.length + 2;
    if (this.size <= MAX_MESSAGE) this.lines.push(line.startsWith('.') ? line.slice(1) : line);
    return undefined;
  }

  async finish() {
    const message = { from: this.from, to: this.to, data: this.lines.join('\r\n') + '\r\n' };
    const tooLarge = this.size > MAX_MESSAGE;
    this.reset();
    if (tooLarge) return this.reply('552 5.3.4 message too large');
    const refusal = await this.sink.hooks.data?.(message);
    if (refusal === 'drop') return this.socket.destroy();
    if (refusal) return this.reply(refusal);
    await this.sink.keep(message);
    if ((await this.sink.hooks.kept?.(message)) === 'drop') return this.socket.destroy();
    return this.reply('250 2.0.0 kept');
  }
}

const COMMANDS = {
  EHLO: (s) => s.reply('250-mail-sink\r\n250-8BITMIME\r\n250 SIZE ' + MAX_MESSAGE),
  HELO: (s) => s.reply('250 mail-sink'),
  NOOP: (s) => s.reply('250 2.0.0 ok'),
  RSET: (s) => {
    s.reset();
    s.reply('250 2.0.0 ok');
  },
  QUIT: (s) => {
    s.reply('221 2.0.0 bye');
    s.socket.end();
  },
  MAIL: (s, rest) => {
    const from = /^FROM:/i.test(rest) ? address(rest.slice(5)) : undefined;
    if (from === undefined) return s.reply('501 5.5.4 MAIL FROM:<address>');
    s.reset();
    s.from = from;
    return s.reply('250 2.1.0 ok');
  },
  RCPT: async (s, rest) => {
    const to = /^TO:/i.test(rest) ? address(rest.slice(3)) : undefined;
    if (!to) return s.reply('501 5.5.4 RCPT TO:<address>');
    if (s.from === null) return s.reply('503 5.5.1 MAIL first');
    const refusal = await s.sink.hooks.rcpt?.(to);
    if (refusal === 'drop') return s.socket.destroy();
    if (refusal) return s.reply(refusal);
    s.to.push(to);
    return s.reply('250 2.1.5 ok');
  },
  DATA: (s) => {
    if (!s.to.length) return s.reply('503 5.5.1 RCPT first');
    s.lines = [];
    return s.reply('354 end with a lone dot');
  },
};

// { url, port, messages, close() }; messages are { from, to, data } in the order they came.
// hooks: rcpt(address), data(message) → undefined, a refusal like '451 4.3.0 later', or 'drop' to break off;
// kept(message) → 'drop': the message is kept, but the sender never hears of it.
export async function startMailSink({ dir = null, host = '127.0.0.1', port = 0, hooks = {} } = {}) {
  const sockets = new Set();
  const sink = {
    hooks,
    messages: [],
    async keep(message) {
      this.messages.push(message);
      if (!dir) return;
      const name = `${new Date().toISOString().replace(/[:.]/g, '-')}-${String(this.messages.length).padStart(4, '0')}.eml`;
      const envelope = `X-Envelope-From: <${message.from}>\r\nX-Envelope-To: ${message.to.map((t) => `<${t}>`).join(', ')}\r\n`;
      await writeFile(join(dir, `.${name}`), Buffer.from(envelope + message.data, 'latin1'));
      await rename(join(dir, `.${name}`), join(dir, name));
    },
  };
  if (dir) await mkdir(dir, { recursive: true });
  const server = createServer((socket) => {
    const session = new Session(socket, sink);
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => session.take(chunk));
    session.reply('220 mail-sink ESMTP');
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  sink.port = server.address().port;
  sink.url = `smtp://${host}:${sink.port}`;
  sink.close = () => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  };
  return sink;
}

async function main() {
  const { values } = parseArgs({
    options: { dir: { type: 'string' }, listen: { type: 'string', default: '127.0.0.1:2525' } },
  });
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(values.listen) ?? [];
  if (!values.dir || !port) throw new Error('usage: mail-sink.mjs --dir DIRECTORY [--listen ADDRESS:PORT]');
  const sink = await startMailSink({ dir: values.dir, host, port: Number(port) });
  console.log(JSON.stringify({ url: sink.url }));
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => sink.close().then(() => process.exit(0)));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  main().catch((error) => {
    console.error(`mail-sink: ${error.message}`);
    process.exit(2);
  });
}
