// Reads the phone_home part of user_data: "#cloud-config" with
//   phone_home:
//     url: https://…
//     post: [pub_key_ed25519, instance_id]     (or a block list, or all)
//     tries: 10
// That much YAML and no more: mappings in blocks or on one line, plain or quoted scalars, lists of
// scalars; or the whole as JSON.

function unquote(text) {
  const plain = text.trim();
  const quoted = /^"((?:[^"\\]|\\.)*)"$/.exec(plain);
  if (quoted) return JSON.parse(plain);

  const single = /^'((?:[^']|'')*)'$/.exec(plain);
  return single ? single[1].replaceAll("''", "'") : plain;
}

function withoutComment(line) {
  return line
    .replace(/^\s*#.*$/, '')
    .replace(/\s+#[^'"]*$/, '')
    .trimEnd();
}

const indent = (line) => line.length - line.trimStart().length;

// The lines under "name:" that are deeper than it.
function section(lines, name) {
  const at = lines.findIndex((line) => line === `${name}:`);
  if (at < 0) return null;

  const inside = [];
  for (const line of lines.slice(at + 1)) {
    if (line !== '' && indent(line) === 0) break;
    if (line !== '') inside.push(line);
  }
  return inside;
}

function scalarOrList(lines, at) {
  const value = lines[at].slice(lines[at].indexOf(':') + 1).trim();
  if (value.startsWith('['))
    return value.slice(1, value.lastIndexOf(']')).split(',').map(unquote).filter(Boolean);
  if (value !== '') return unquote(value);

  const items = [];
  for (const line of lines.slice(at + 1)) {
    const found = /^\s*-\s+(.*)$/.exec(line);
    if (!found) break;
    items.push(unquote(found[1]));
  }
  return items;
}

function fromBlock(inside) {
  const wanted = {};
  inside.forEach((line, at) => {
    const found = /^\s*([a-z_]+):/.exec(line);
    if (found) wanted[found[1]] = scalarOrList(inside, at);
  });
  return wanted;
}

// "{url: …, post: […]}" becomes the lines of a block: commas inside quotes and brackets stay.
function fromOneLine(text) {
  const parts = text.match(/(?:"[^"]*"|'[^']*'|\[[^\]]*\]|[^,"'[])+/g) ?? [];
  return fromBlock(parts);
}

function fromJson(text) {
  try {
    return JSON.parse(text).phone_home ?? {};
  } catch {
    return null;
  }
}

function fromYaml(text) {
  const lines = text.split(/\r?\n/).map(withoutComment);
  const flow = lines.map((line) => /^phone_home:\s*\{(.*)\}$/.exec(line)).find(Boolean);
  if (flow) return fromOneLine(flow[1]);

  return fromBlock(section(lines, 'phone_home') ?? []);
}

// Returns {url, post, tries} or null where user_data asks for no call.
export function phoneHome(userData) {
  const found = /^#cloud-config[ \t]*\r?\n([^]*)$/.exec(userData ?? '');
  if (!found) return null;

  const wanted = fromJson(found[1]) ?? fromYaml(found[1]);
  if (!wanted.url) return null;
  return { url: wanted.url, post: wanted.post ?? 'all', tries: Number(wanted.tries ?? 10) || 10 };
}
