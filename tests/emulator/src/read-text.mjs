import { ApiError } from './errors.mjs';

// The body of a request as text, refused above a ceiling.
export async function readText(req, max) {
  const parts = [];
  let size = 0;
  for await (const part of req) {
    size += part.length;
    if (size > max) throw new ApiError(413, 'invalid_input', 'request body is too large');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
