import net from 'node:net';

const sleep = (ms) =>
  new Promise((done) => {
    setTimeout(done, ms);
  });

function banner(host, port, ms) {
  return new Promise((done) => {
    const socket = net.connect({ host, port });
    const end = (seen) => {
      socket.destroy();
      done(seen);
    };
    socket.setTimeout(ms, () => end(false));
    socket.once('data', (data) => end(data.toString('latin1').startsWith('SSH-2.0-')));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
  });
}

// Waits until an SSH server introduces itself; false if it does not in time or stillThere() says
// there is no hope.
export async function waitForSsh(host, port, ms, stillThere) {
  const until = Date.now() + ms;
  while (Date.now() < until && stillThere()) {
    if (await banner(host, port, 1000)) return true;
    await sleep(50);
  }
  return false;
}
