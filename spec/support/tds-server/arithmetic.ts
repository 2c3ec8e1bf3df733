import { isDecimal, type TdsType, type TypeName } from './types.ts'

// The types of what is computed, where the types of the operands are known: the rules of the T-SQL reference
// ("Precision, scale, and length", "Data type precedence").

const wholes: readonly TypeName[] = ['bit', 'tinyint', 'smallint', 'int', 'bigint']
const digits: Readonly<Partial<Record<TypeName, number>>> = {
  bit: 1,
  tinyint: 3,
  smallint: 5,
  int: 10,
  bigint: 19,
}
const maxPrecision = 38

export function isWhole(type: TdsType | undefined): boolean {
  return type !== undefined && wholes.includes(type.name)
}

/** The type of `left operator right`, or undefined where it is not known here. */
export function computedType(
  operator: string,
  left: TdsType | undefined,
  right: TdsType | undefined,
): TdsType | undefined {
  if (!left || !right) return undefined
  if (isWhole(left) && isWhole(right))
    return wholes.indexOf(left.name) > wholes.indexOf(right.name) ? left : right
  if (left.name === 'float' || right.name === 'float') return { name: 'float' }
  const [first, second] = [asDecimal(left), asDecimal(right)]
  return first && second ? decimalOf(operator, first, second) : undefined
}

interface Digits {
  readonly precision: number
  readonly scale: number
}

function asDecimal(type: TdsType): Digits | undefined {
  if (isDecimal(type)) return { precision: type.precision ?? 18, scale: type.scale ?? 0 }
  const precision = digits[type.name]
  return precision === undefined ? undefined : { precision, scale: 0 }
}

function decimalOf(operator: string, left: Digits, right: Digits): TdsType {
  const before = Math.max(left.precision - left.scale, right.precision - right.scale)
  switch (operator) {
    case '*':
      return limited(left.precision + right.precision + 1, left.scale + right.scale)
    case '/': {
      const scale = Math.max(6, left.scale + right.precision + 1)
      return limited(left.precision - left.scale + right.scale + scale, scale)
    }
    case '%': {
      const scale = Math.max(left.scale, right.scale)
      const least = Math.min(left.precision - left.scale, right.precision - right.scale)
      return limited(least + scale, scale)
    }
    default: {
      const scale = Math.max(left.scale, right.scale)
      return limited(before + scale + 1, scale)
    }
  }
}

/** Whole digits are kept at the cost of places, of which six remain. */
function limited(precision: number, scale: number): TdsType {
  if (precision <= maxPrecision) return { name: 'numeric', precision, scale }
  const whole = precision - scale
  const kept = Math.min(scale, Math.max(maxPrecision - whole, Math.min(scale, 6)))
  return { name: 'numeric', precision: maxPrecision, scale: kept }
}
