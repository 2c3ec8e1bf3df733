import type { WriteStream } from 'node:tty'
import { styleText } from 'node:util'
import { count } from './count.ts'
import type { LedgerLine } from './ledger.ts'

/** Where the quickstart tells how it goes. */
export interface Display {
  /** How often the live line is worth being renewed within so many seconds: a multiple of four. */
  refreshes(seconds: number): number
  /** A line that stays. */
  line(label: string, text: string): void
  /** How far the loading is. */
  progress(done: number, total: number | undefined): void
  /** How things are now: the next one takes its place, where that can be done. */
  live(label: string, text: string): void
  verdict(line: LedgerLine): void
}

export function displayFor(stream: NodeJS.WriteStream, json: boolean): Display {
  if (json) return silent
  return stream.isTTY && process.env['TERM'] !== 'dumb'
    ? new TerminalDisplay(stream)
    : new PlainDisplay(stream)
}

/** Lines one after the other: the same ones for the same course of events. */
class PlainDisplay implements Display {
  protected readonly stream: NodeJS.WriteStream

  constructor(stream: NodeJS.WriteStream) {
    this.stream = stream
  }

  refreshes(_seconds: number): number {
    return 4
  }

  line(label: string, text: string): void {
    this.stream.write(`${label.padEnd(10)}${text}`.trimEnd() + '\n')
  }

  progress(_done: number, _total: number | undefined): void {}

  live(label: string, text: string): void {
    this.line(label, text)
  }

  verdict({ name, holds, text }: LedgerLine): void {
    const mark = this.paint(holds ? 'green' : 'red', holds ? '✓' : '✗')
    this.stream.write(`${mark} ${name.padEnd(12)} ${text}\n`)
  }

  /** Colours only where the terminal and NO_COLOR allow them. */
  protected paint(colour: 'green' | 'red' | 'cyan' | 'dim', text: string): string {
    return styleText(colour, text, { stream: this.stream })
  }
}

/** One line at the bottom is written over and over, the others stay above it. */
class TerminalDisplay extends PlainDisplay {
  readonly #terminal: WriteStream
  #bottom = false

  constructor(stream: WriteStream) {
    super(stream)
    this.#terminal = stream
  }

  override refreshes(seconds: number): number {
    return seconds * 4
  }

  override line(label: string, text: string): void {
    this.#clear()
    super.line(label, text)
  }

  override progress(done: number, total: number | undefined): void {
    const share = total === undefined ? undefined : done / total
    const words = total === undefined ? count(done) : `${count(done)} of ${count(total)}`
    this.#rewrite('loading', `${words} rows committed`, share)
  }

  override live(label: string, text: string): void {
    this.#rewrite(label, text, undefined)
  }

  override verdict(line: LedgerLine): void {
    this.#keep()
    super.verdict(line)
  }

  #rewrite(label: string, text: string, share: number | undefined): void {
    // One column is left free: some terminals go to the next line with the last one.
    const width = (this.#terminal.columns || 80) - 1
    const words = `${label.padEnd(10)}${text}`.slice(0, width)
    const room = Math.min(40, width - words.length - 2)
    const bar = share === undefined || room < 10 ? '' : `  ${this.#bar(share, room)}`
    this.#terminal.write(`\r\u001B[K${words}${bar}`)
    this.#bottom = true
  }

  #bar(share: number, width: number): string {
    const full = Math.round(share * width)
    return this.paint('cyan', '█'.repeat(full)) + this.paint('dim', '░'.repeat(width - full))
  }

  #clear(): void {
    if (this.#bottom) this.#terminal.write('\r\u001B[K')
    this.#bottom = false
  }

  #keep(): void {
    if (this.#bottom) this.#terminal.write('\n')
    this.#bottom = false
  }
}

const silent: Display = {
  refreshes: () => 4,
  line() {},
  progress() {},
  live() {},
  verdict() {},
}
