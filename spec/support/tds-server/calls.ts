import { certain, readExpression, type ExpressionContext } from './expressions.ts'
import type { QueryReader } from './queries.ts'
import { readType } from './sql-types.ts'
import type { GivenArgument, Statement } from './statements.ts'

/** EXEC, RAISERROR, THROW and what comes before a bulk load. */
export class CallReader {
  readonly #context: ExpressionContext
  readonly #queries: QueryReader

  constructor(context: ExpressionContext, queries: QueryReader) {
    this.#context = context
    this.#queries = queries
  }

  /** As clients send it before the rows. */
  bulk(line: number): Statement {
    const { tokens } = this.#context
    tokens.expect('INSERT', 'BULK')
    const table = this.#queries.tableName()
    tokens.enclosed(() =>
      tokens.list(() => {
        tokens.name()
        readType(tokens)
      }),
    )
    if (tokens.take('WITH')) tokens.enclosed(() => tokens.list(() => tokens.next()))
    return { kind: 'bulk', line, table }
  }

  call(line: number): Statement {
    const { tokens } = this.#context
    if (tokens.is('(')) {
      const text = tokens.enclosed(() => this.#argument(''))
      return { kind: 'execute', line, procedure: '', given: [text] }
    }
    const procedure = this.#queries.tableName().replaceAll('"', '').replace(/^.*\./, '')
    const given: GivenArgument[] = []
    if (tokens.token.kind !== 'end' && !tokens.is(';') && !tokens.isReserved()) {
      given.push(
        ...tokens.list(() => {
          const isNamed = tokens.token.kind === 'variable' && tokens.peek().word === '='
          const name = isNamed ? tokens.next().text : ''
          if (isNamed) tokens.expect('=')
          return this.#argument(name)
        }),
      )
    }
    return { kind: 'execute', line, procedure, given }
  }

  #argument(name: string): GivenArgument {
    const value = readExpression(this.#context)
    if (!value.type) throw this.#context.tokens.unknown('the type of this argument')
    if (this.#context.tokens.isOneOf('OUTPUT', 'OUT')) throw this.#context.tokens.unknown('OUTPUT in EXEC')
    return { name, sql: certain(value), type: value.type }
  }

  raise(line: number): Statement {
    const { tokens } = this.#context
    tokens.next()
    const [text, severity, state, ...values] = tokens.enclosed(() =>
      tokens.list(() => certain(readExpression(this.#context))),
    )
    if (state === undefined) throw tokens.wrong()
    if (tokens.take('WITH')) tokens.list(() => tokens.expect(tokens.is('NOWAIT') ? 'NOWAIT' : 'LOG'))
    return {
      kind: 'raise',
      line,
      number: 50_000,
      text: text!,
      severity: severity!,
      state,
      values,
      isThrown: false,
    }
  }

  throw(line: number): Statement {
    const { tokens } = this.#context
    tokens.next()
    if (tokens.token.kind !== 'number') throw tokens.unknown('THROW without a number')
    const number = tokens.integer()
    tokens.expect(',')
    const text = certain(readExpression(this.#context))
    tokens.expect(',')
    const state = readExpression(this.#context).sql
    return { kind: 'raise', line, number, text, severity: '16', state, values: [], isThrown: true }
  }
}
