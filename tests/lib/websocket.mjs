// A small WebSocket client (RFC 6455) over plain TCP: Node 18 has none, and tests want to choose every header.

import { randomBytes } from 'node:crypto';
import { request } from 'node:http';

function frame(opcode, payload) {
  const mask = randomBytes(4);
  const length = payload.length;
  const head = length < 126 ? Buffer.alloc(2) : Buffer.alloc(4);
  head[0] = 0x80 | opcode;
  head[1] = 0x80 | (length < 126 ? length : 126);
  if (length >= 126) head.writeUInt16BE(length, 2);
  const masked = Buffer.from(payload);
  for (let i = 0; i < length; i++) masked[i] ^= mask[i % 4];
  return Buffer.concat([head, mask, masked]);
}

function readFrame(buffer) {
  if (buffer.length < 2) return null;
  let length = buffer[1] & 0x7f;
  let at = 2;
  if (length === 126) {
    if (buffer.length < 4) return null;
    length = buffer.readUInt16BE(2);
    at = 4;
  } else if (length === 127) {
    if (buffer.length < 10) return null;
    length = Number(buffer.readBigUInt64BE(2));
    at = 10;
  }
  if (buffer.length < at + length) return null;
  return { opcode: buffer[0] & 15, payload: buffer.subarray(at, at + length), size: at + length };
}

export class WebSocketClient {
  constructor(socket) {
    this.socket = socket;
    this.messages = []; // every text message, parsed as JSON
    this.closed = null; // { code, reason } once it is closed
    this.rest = Buffer.alloc(0);
    socket.on('data', (chunk) => this.take(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => (this.closed ??= { code: 1006, reason: '' }));
  }

  // Resolves with a client, or throws with .status when the upgrade is refused.
  static open(url, headers = {}) {
    return new Promise((resolve, reject) => {
      const rq = request(url.replace(/^ws/, 'http'), {
        headers: {
          connection: 'Upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-key': randomBytes(16).toString('base64'),
          ...headers,
        },
      });
      rq.on('error', reject);
      rq.on('response', (response) => {
        response.resume();
        reject(Object.assign(new Error(`WebSocket refused with ${response.statusCode}`), { status: response.statusCode }));
      });
      rq.on('upgrade', (response, socket, head) => {
        const client = new WebSocketClient(socket);
        if (head.length) client.take(head);
        resolve(client);
      });
      rq.end();
    });
  }

  take(chunk) {
    this.rest = Buffer.concat([this.rest, chunk]);
    for (let f = readFrame(this.rest); f; f = readFrame(this.rest)) {
      this.rest = this.rest.subarray(f.size);
      if (f.opcode === 1) this.messages.push(JSON.parse(f.payload.toString()));
      else if (f.opcode === 9) this.socket.write(frame(10, f.payload));
      else if (f.opcode === 8) {
        this.closed = { code: f.payload.length >= 2 ? f.payload.readUInt16BE(0) : 1005, reason: f.payload.subarray(2).toString() };
        this.socket.end();
      }
    }
  }

  send(object) {
    this.socket.write(frame(1, Buffer.from(JSON.stringify(object))));
  }

  close() {
    if (!this.closed) this.socket.end(frame(8, Buffer.from([0x03, 0xe8])));
  }
}
