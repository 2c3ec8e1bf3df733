import { describe, expect, it } from 'vitest'
import { LinkedList } from '../../src/pool/container.ts'
import { legalMoves, SlotState, slotStateNames, SlotTable } from '../../src/pool/slot.ts'
import type { Slot } from '../../src/pool/slot.ts'

class Item {
  previous: Item | undefined
  next: Item | undefined
  linked = false
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

function listOf(names: string): { list: LinkedList<Item>; items: Item[] } {
  const list = new LinkedList<Item>()
  const items = names.split('').map((name) => new Item(name))
  for (const item of items) list.push(item)
  return { list, items }
}

const read = (list: LinkedList<Item>): string => [...list].map(({ name }) => name).join('')

describe('The container', () => {
  it('gives the oldest from the front and the newest from the end', () => {
    const { list } = listOf('abcd')
    expect([list.shift()?.name, list.pop()?.name, read(list), list.size]).toEqual(['a', 'd', 'bc', 2])
  })

  it.each(['abc', 'ab', 'a'])('lets any of %s leave', (names) => {
    for (let index = 0; index < names.length; index++) {
      const { list, items } = listOf(names)
      list.remove(items[index]!)
      expect(read(list)).toBe(names.replace(names[index]!, ''))
      expect(items[index]!.linked).toBe(false)
      expect(list.first?.name).toBe(read(list)[0])
      expect(list.last?.name).toBe(read(list).at(-1))
    }
  })

  it('takes one in at the front, before a member, at the end', () => {
    const { list, items } = listOf('bd')
    list.unshift(new Item('a'))
    list.insert(new Item('c'), items[1])
    list.insert(new Item('e'), undefined)
    list.insert(new Item('0'), list.first)
    expect([read(list), list.size]).toEqual(['0abcde', 6])
  })

  it('may be changed while it is read', () => {
    const { list } = listOf('abcd')
    for (const item of list) if (item.name !== 'c') list.remove(item)
    expect(read(list)).toBe('c')
  })

  it('empty gives nothing', () => {
    const { list } = listOf('')
    expect([list.shift(), list.pop(), list.size]).toEqual([undefined, undefined, 0])
  })
})

/** A slot that came into its state by legal moves. */
function slotIn(table: SlotTable<unknown>, state: SlotState): Slot<unknown> {
  const slot = table.open()
  const ways: Record<SlotState, SlotState[]> = {
    [SlotState.connecting]: [],
    [SlotState.idle]: [SlotState.idle],
    [SlotState.validating]: [SlotState.idle, SlotState.validating],
    [SlotState.inUse]: [SlotState.inUse],
    [SlotState.resetting]: [SlotState.inUse, SlotState.resetting],
    [SlotState.closing]: [SlotState.closing],
    [SlotState.closed]: [SlotState.closed],
  }
  for (const move of ways[state]) table.transition(slot, move)
  return slot
}

describe('The table of legal moves', () => {
  const pairs = slotStateNames.flatMap((from) => slotStateNames.map((to) => [from, to] as const))

  it.each(pairs.filter(([from, to]) => legalMoves[from].includes(to)))('allows %s → %s', (from, to) => {
    const table = new SlotTable()
    const slot = slotIn(table, SlotState[from])
    table.transition(slot, SlotState[to])
    expect(slot.state).toBe(SlotState[to])
    const counts = slotStateNames.map((name) => (name === to ? 1 : 0))
    expect(table.counts.slice(0, SlotState.closed)).toEqual(counts.slice(0, SlotState.closed))
    expect(table.total).toBe(to === 'closed' ? 0 : 1)
    expect(table.all.size).toBe(table.total)
  })

  it.each(pairs.filter(([from, to]) => !legalMoves[from].includes(to)))('refuses %s → %s', (from, to) => {
    const table = new SlotTable()
    const slot = slotIn(table, SlotState[from])
    const counts = [...table.counts]
    expect(() => table.transition(slot, SlotState[to])).toThrow(`cannot go from ${from} to ${to}`)
    expect(table.counts).toEqual(counts)
  })
})
