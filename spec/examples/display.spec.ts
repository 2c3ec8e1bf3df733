// What the quickstart writes on a terminal: a process under vitest has none, so a stream pretends to be one.
import { WriteStream } from 'node:tty'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { displayFor } from '../../examples/address-service/display.ts'

afterEach(() => vi.unstubAllEnvs())

function terminal(columns: number, env: Readonly<Record<string, string | undefined>> = {}) {
  for (const name of ['NO_COLOR', 'FORCE_COLOR', 'CI', 'TMUX']) vi.stubEnv(name, undefined)
  for (const [name, value] of Object.entries({ TERM: 'xterm-256color', ...env })) vi.stubEnv(name, value)
  const stream = Object.assign(Object.create(WriteStream.prototype) as WriteStream, {
    isTTY: true,
    columns,
    written: '',
    write(text: string): boolean {
      this.written += text
      return true
    },
  })
  const display = displayFor(stream, false)
  const written = (): string => stream.written
  return { display, written }
}

const colour = /\u001B\[\d+m/g // oxlint-disable-line no-control-regex
const rewritten = '\r\u001B[K'
const ledgerLine = { name: 'rows', holds: true, text: '1 read', figures: {} }

describe.each([40, 80, 120])('on a terminal of %d columns', (columns) => {
  it('a line that is written over never goes into the next', () => {
    const { display, written } = terminal(columns)
    display.progress(125_000, 250_000)
    display.live('8.0 s', 'x'.repeat(200))
    const lines = written().replaceAll(colour, '').split(rewritten).slice(1)
    expect(lines).toHaveLength(2)
    for (const line of lines) expect(line.length).toBeLessThan(columns)
  })
})

it('the bar is as long as the share that is done', () => {
  const { display, written } = terminal(120, { NO_COLOR: '1' })
  display.progress(1, 4)
  expect(written()).toMatch(/ █{10}░{30}$/)
})

it('lines that stay are not mixed with the one that is written over', () => {
  const { display, written } = terminal(80)
  display.live('1.0 s', 'now')
  display.line('killed', 'one')
  display.live('2.0 s', 'then')
  display.verdict(ledgerLine)
  const screen = written()
    .replaceAll(colour, '')
    .split('\n')
    .map((line) => line.split(rewritten).at(-1))
  expect(screen).toEqual(['killed    one', '2.0 s     then', '✓ rows         1 read', ''])
})

it.each([
  ['colours', {}, true],
  ['none with NO_COLOR', { NO_COLOR: '1' }, false],
])('there are %s', (_, env, expected) => {
  const { display, written } = terminal(80, env)
  display.verdict(ledgerLine)
  expect(written().match(colour) !== null).toBe(expected)
})

it('a terminal that can move nothing is treated as a pipe', () => {
  const { display, written } = terminal(80, { TERM: 'dumb' })
  display.progress(1, 4)
  display.live('1.0 s', 'now')
  expect(written()).toBe('1.0 s     now\n')
})
