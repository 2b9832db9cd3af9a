// One person at the portal: keeps the session cookie and the CSRF token, speaks JSON.

import { request } from 'node:http';

import { until } from './until.mjs';
import { WebSocketClient } from './websocket.mjs';

// One HTTP exchange with every header under the caller's control.
export function exchange(url, { method = 'GET', headers = {}, body, timeout = 15000 } = {}) {
  return new Promise((resolve, reject) => {
    const rq = request(url, { method, headers, timeout }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        let json = null;
        if (/json/.test(response.headers['content-type'] ?? '')) json = JSON.parse(text);
        resolve({ status: response.statusCode, headers: response.headers, text, body: json });
      });
    });
    rq.on('timeout', () => rq.destroy(new Error(`${method} ${url}: no answer in ${timeout / 1000} s`)));
    rq.on('error', reject);
    rq.end(body);
  });
}

export class Client {
  // @url like http://127.0.0.1:8080, without a path.
  constructor(url) {
    this.url = url;
    this.cookie = null;
    this.csrf = null;
    this.session = null;
  }

  async send(method, path, body, extra = {}) {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = { accept: 'application/json', ...extra };
    if (this.cookie) headers.cookie = this.cookie;
    if (method !== 'GET') {
      headers.origin ??= this.url;
      if (this.csrf) headers['x-csrf-token'] ??= this.csrf;
      headers['content-length'] = Buffer.byteLength(text ?? '');
      if (text !== undefined) headers['content-type'] = 'application/json';
    }
    return exchange(`${this.url}/api/v1${path}`, { method, headers, body: text });
  }

  get(path) {
    return this.send('GET', path);
  }

  post(path, body = {}, headers = {}) {
    return this.send('POST', path, body, headers);
  }

  async signIn({ username, password }) {
    const answer = await this.send('POST', '/session', { username, password });
    if (answer.status !== 200) throw new Error(`sign-in of ${username}: ${answer.status} ${answer.text}`);
    this.cookie = answer.headers['set-cookie'][0].split(';')[0];
    this.csrf = answer.body.csrf;
    this.session = answer.body;
    return this;
  }

  // The body of a GET that must succeed.
  async read(path) {
    const answer = await this.get(path);
    if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  }

  // The result of a write that must succeed, also when it first answers 202.
  async write(path, body = {}, headers = {}) {
    const answer = await this.post(path, body, headers);
    if (answer.status === 200 || answer.status === 201) return answer.body;
    if (answer.status !== 202) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`);
    return this.result(answer.body.command);
  }

  // Waits for a command that was answered with 202.
  async result(command, timeout = 30000) {
    const ended = await until(`command ${command} to end`, async () => {
      const state = await this.read(`/commands/${command}`);
      return ['done', 'failed', 'dead', 'cancelled'].includes(state.state) && state;
    }, { timeout });
    if (ended.state !== 'done') throw new Error(`command ${command}: ${ended.state} ${JSON.stringify(ended.error)}`);
    return ended.result;
  }

  live(headers = {}) {
    return WebSocketClient.open(`${this.url.replace('http', 'ws')}/api/v1/live`, {
      cookie: this.cookie ?? '',
      origin: this.url,
      ...headers,
    });
  }
}
