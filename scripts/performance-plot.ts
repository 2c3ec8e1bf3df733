/** Bars that are compared with one another. */
export interface Panel {
  readonly title: string
  readonly bars: readonly { readonly name: string; readonly value: number }[]
}

const width = 720
const nameWidth = 230
const figureWidth = 90
const barHeight = 18
const gap = 6

/** Panels of bars, one below the other, as SVG. */
export function plot(panels: readonly Panel[]): string {
  let y = 0
  const parts: string[] = []
  for (const panel of panels) {
    parts.push(`<text x="0" y="${y + 18}" font-weight="bold">${escaped(panel.title)}</text>`)
    y += 28
    const most = Math.max(...panel.bars.map(({ value }) => value), Number.MIN_VALUE)
    for (const { name, value } of panel.bars) {
      const length = Math.max(1, (value / most) * (width - nameWidth - figureWidth))
      const textY = y + 13
      parts.push(
        `<text x="${nameWidth - 8}" y="${textY}" text-anchor="end">${escaped(name)}</text>`,
        `<rect x="${nameWidth}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}" class="${name.startsWith('wellhead') ? 'own' : 'other'}"/>`,
        `<text x="${(nameWidth + length + 6).toFixed(1)}" y="${textY}">${figure(value)}</text>`,
      )
      y += barHeight + gap
    }
    y += 12
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" font-family="sans-serif" font-size="13">
<style>text{fill:#333}.own{fill:#2b6cb0}.other{fill:#a0aec0}@media(prefers-color-scheme:dark){text{fill:#ddd}.other{fill:#718096}}</style>
${parts.join('\n')}
</svg>
`
}

function figure(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: value < 100 ? 1 : 0 })
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
