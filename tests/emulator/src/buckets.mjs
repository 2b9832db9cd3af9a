// Rate limits: token buckets per project, one for /actions and one for the rest, refilled evenly
// over the hour. RateLimit-Reset is the second in which the bucket will be FULL again, not the one
// in which a try may succeed.

import { ApiError } from './errors.mjs';

const HOUR = 3_600_000;

export class Buckets {
  #buckets = new Map();

  constructor(clock, settings) {
    this.clock = clock;
    this.settings = settings;
  }

  #limit(owner, kind) {
    const limit = owner.limit ?? this.settings.limit;
    return kind === 'actions' ? limit * 2 : limit;
  }

  #refilled(owner, kind) {
    const key = `${owner.key} ${kind}`;
    const limit = this.#limit(owner, kind);
    const now = this.clock.now();
    const bucket = this.#buckets.get(key) ?? { tokens: limit, at: now };
    bucket.tokens = Math.min(limit, bucket.tokens + (Math.max(0, now - bucket.at) * limit) / HOUR);
    bucket.at = now;
    this.#buckets.set(key, bucket);
    return { bucket, limit, now };
  }

  // Takes one token; returns the headers, and the 429 to answer when there was none.
  take(owner, kind) {
    const { bucket, limit, now } = this.#refilled(owner, kind);
    const empty = bucket.tokens < 1;
    if (!empty) bucket.tokens -= 1;

    const headers = {
      'ratelimit-limit': limit,
      'ratelimit-remaining': Math.floor(bucket.tokens),
      'ratelimit-reset': Math.ceil((now + ((limit - bucket.tokens) * HOUR) / limit) / 1000),
    };
    const refusal = empty
      ? new ApiError(429, 'rate_limit_exceeded', `limit of ${limit} requests per hour reached`)
      : null;
    return { headers, refusal };
  }

  // A test may empty or fill a bucket.
  set(owner, kind, tokens) {
    this.#refilled(owner, kind).bucket.tokens = tokens;
  }

  reset() {
    this.#buckets.clear();
  }
}
