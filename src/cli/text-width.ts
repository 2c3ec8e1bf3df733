const wide =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]/u
const invisible = /^[\p{Mn}\p{Me}\p{Cf}]+$/u
const onlyAscii = /^[\x20-\x7e]*$/

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** How many places a text takes on a terminal: two for the wide letters of East Asia and for most emoji. */
export function widthOf(text: string): number {
  if (onlyAscii.test(text)) return text.length
  let width = 0
  for (const { segment } of segmenter.segment(text)) width += widthOfSegment(segment)
  return width
}

/** With blanks up to a width; a text that is wider stays as it is. */
export function padded(text: string, width: number, side: 'left' | 'right' = 'left'): string {
  const blanks = ' '.repeat(Math.max(0, width - widthOf(text)))
  return side === 'left' ? text + blanks : blanks + text
}

/** With `…` in the place of what does not fit. */
export function clipped(text: string, width: number): string {
  if (text.length <= width && onlyAscii.test(text)) return text
  let kept = ''
  let keptWidth = 0
  let whole = 0
  for (const { segment } of segmenter.segment(text)) {
    whole += widthOfSegment(segment)
    if (whole > width) return `${kept}…`
    if (whole <= width - 1) {
      kept += segment
      keptWidth = whole
    }
  }
  return keptWidth === whole ? kept : text
}

/** What would move the cursor, or do worse to a terminal, as escapes that can be read. */
export function visible(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, escaped)
}

const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function escaped(character: string): string {
  const code = character.codePointAt(0)!
  const digits = code.toString(16)
  return (
    named[character] ?? (code < 0x100 ? `\\x${digits.padStart(2, '0')}` : `\\u${digits.padStart(4, '0')}`)
  )
}

function widthOfSegment(segment: string): number {
  if (invisible.test(segment)) return 0
  return wide.test(segment) ? 2 : 1
}
