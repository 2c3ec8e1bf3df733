/** A member of a {@link LinkedList}: it carries its own neighbours, so that leaving costs the same anywhere. */
export interface ListNode<Self> {
  previous: Self | undefined
  next: Self | undefined
  /** Whether it is in a list: a node is in one at most. */
  linked: boolean
}

/**
 * An order of objects, with everything in constant time. The pool keeps two: idle slots, taken from the end where they
 * were put (the coldest stays at the other), and waiters, served from the front.
 */
export class LinkedList<Node extends ListNode<Node>> {
  first: Node | undefined = undefined
  last: Node | undefined = undefined
  size = 0

  /** Adds at the end. */
  push(node: Node): void {
    const last = this.last
    node.previous = last
    node.next = undefined
    node.linked = true
    if (last === undefined) this.first = node
    else last.next = node
    this.last = node
    this.size++
  }

  /** Adds at the front. */
  unshift(node: Node): void {
    const first = this.first
    node.previous = undefined
    node.next = first
    node.linked = true
    if (first === undefined) this.last = node
    else first.previous = node
    this.first = node
    this.size++
  }

  /** Adds in front of a member; without one, at the end. */
  insert(node: Node, before: Node | undefined): void {
    if (before === undefined) {
      this.push(node)
    } else if (before.previous === undefined) {
      this.unshift(node)
    } else {
      node.previous = before.previous
      node.next = before
      node.linked = true
      before.previous.next = node
      before.previous = node
      this.size++
    }
  }

  /** Takes from the front. */
  shift(): Node | undefined {
    const node = this.first
    if (node !== undefined) this.remove(node)
    return node
  }

  /** Takes from the end. */
  pop(): Node | undefined {
    const node = this.last
    if (node !== undefined) this.remove(node)
    return node
  }

  /** Takes it out, wherever it is. The caller knows that it is in this list. */
  remove(node: Node): void {
    const { previous, next } = node
    if (previous === undefined) this.first = next
    else previous.next = next
    if (next === undefined) this.last = previous
    else next.previous = previous
    node.previous = undefined
    node.next = undefined
    node.linked = false
    this.size--
  }

  *[Symbol.iterator](): Generator<Node> {
    // The neighbour is read first: a node may be taken out while it is looked at.
    for (let node = this.first, next: Node | undefined; node !== undefined; node = next) {
      next = node.next
      yield node
    }
  }
}
