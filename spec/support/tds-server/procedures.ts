import { SqlError, unknown } from './errors.ts'
import type { Output } from './output.ts'
import type { RpcParameter, RpcRequest } from './requests.ts'
import type { Scope, Session } from './session.ts'
import { doneStatus, doneToken, command, writeReturnStatus, writeReturnValue } from './tokens.ts'
import { readDeclarations, translate } from './translator.ts'
import type { TdsType } from './types.ts'

interface Prepared {
  readonly text: string
  readonly declared: ReadonlyMap<string, TdsType>
}

const mostParameters = 2_100
const notFound = 2_812

/** The procedures by which clients run statements with parameters. */
export class Procedures {
  readonly #session: Session
  readonly #prepared = new Map<number, Prepared>()
  #lastHandle = 0

  constructor(session: Session) {
    this.#session = session
  }

  /** With the session's reset all handles are gone. */
  clear(): void {
    this.#prepared.clear()
  }

  async call({ procedure, parameters }: RpcRequest, output: Output): Promise<void> {
    let status = 0
    try {
      if (parameters.length > mostParameters) throw tooMany()
      status = await this.run(procedure, parameters, output)
    } catch (error) {
      if (!(error instanceof SqlError)) throw error
      this.#session.report(error, output, 1, procedure)
      if (procedure === 'sp_prepare' || procedure === 'sp_prepexec') {
        this.#session.report(new SqlError(8180, 'Statement(s) could not be prepared.'), output, 1, procedure)
      }
      this.#finish(output, error.number)
      return
    }
    this.#finish(output, status)
  }

  #finish(output: Output, status: number): void {
    const { inTransaction } = this.#session
    if (status !== notFound) output.write((writer) => writeReturnStatus(writer, status))
    output.done({
      token: doneToken.procedure,
      command: command.execute,
      status: inTransaction | (status === 0 ? 0 : doneStatus.error),
    })
  }

  /** The number of the last error. */
  async run(procedure: string, given: readonly RpcParameter[], output: Output): Promise<number> {
    switch (procedure) {
      case 'sp_executesql': {
        const [text, declarations, ...values] = given
        const prepared = prepare(required(text, procedure), declarations?.value)
        return await this.#execute(prepared, values, output)
      }
      case 'sp_prepare': {
        const [handle, declarations, text] = given
        const prepared = this.#check(prepare(required(text, procedure), declarations?.value))
        this.#return(handle, 0, String(this.#keep(prepared)), output)
        return 0
      }
      case 'sp_prepexec': {
        const [handle, declarations, text, ...values] = given
        const prepared = this.#check(prepare(required(text, procedure), declarations?.value))
        this.#return(handle, 0, String(this.#keep(prepared)), output)
        return await this.#execute(prepared, values, output)
      }
      case 'sp_execute': {
        const [handle, ...values] = given
        return await this.#execute(this.#known(handle), values, output)
      }
      case 'sp_unprepare':
        this.#known(given[0])
        this.#prepared.delete(Number(given[0]!.value))
        return 0
      case 'sp_getapplock':
      case 'sp_releaseapplock':
        return await this.#applicationLock(procedure, given)
      default:
        if (/^[sx]p_/.test(procedure)) throw unknown(`the procedure ${procedure}`)
        throw new SqlError(notFound, `Could not find stored procedure '${procedure}'.`, { state: 62 })
    }
  }

  /** Those of a session alone, which wait for ever. */
  async #applicationLock(procedure: string, given: readonly RpcParameter[]): Promise<number> {
    const values = new Map(given.map(({ name, value }) => [name.toLowerCase(), value]))
    const mode = values.get('@lockmode')?.toLowerCase()
    const isKnown = procedure === 'sp_releaseapplock' || mode === 'exclusive'
    if (values.get('@lockowner')?.toLowerCase() !== 'session' || !isKnown || values.has('@locktimeout')) {
      throw unknown(`${procedure} but with @LockMode = 'Exclusive' and @LockOwner = 'Session'`)
    }
    const call = procedure === 'sp_getapplock' ? 'pg_advisory_lock' : 'pg_advisory_unlock'
    await this.#session.backend.run(`SELECT ${call}(hashtext($1))`, [values.get('@resource') ?? null])
    return 0
  }

  #keep(prepared: Prepared): number {
    this.#prepared.set(++this.#lastHandle, prepared)
    return this.#lastHandle
  }

  #known(handle: RpcParameter | undefined): Prepared {
    const prepared = this.#prepared.get(Number(handle?.value ?? 0))
    if (prepared) return prepared
    throw new SqlError(8179, `Could not find prepared statement with handle ${handle?.value ?? 0}.`, {
      state: 2,
    })
  }

  /** A statement that cannot be read is refused when it is prepared. */
  #check(prepared: Prepared): Prepared {
    translate(prepared.text, prepared.declared)
    return prepared
  }

  /** A procedure has settings and temporary tables of its own, and must leave the transactions as they were. */
  async #execute(
    { text, declared }: Prepared,
    given: readonly RpcParameter[],
    output: Output,
  ): Promise<number> {
    const session = this.#session
    const { transactions } = session
    const scope: Scope = { output, values: bind(declared, given), inProcedure: true, temporary: [] }
    const batch = translate(text, declared)
    const before = { xactAbort: session.xactAbort, nocount: session.nocount }
    const { isolation, lockTimeout, count } = transactions
    const status = await session.run(batch, scope)
    Object.assign(session, before)
    if (transactions.count === 0 || isolation === transactions.isolation) transactions.isolation = isolation
    transactions.lockTimeout = lockTimeout
    for (const table of scope.temporary) await session.backend.rows(`DROP TABLE IF EXISTS ${table}`)
    if (transactions.count !== count && status === 0) {
      const text266 = `Transaction count after EXECUTE indicates a mismatching number of BEGIN and COMMIT statements. Previous count = ${count}, current count = ${transactions.count}.`
      session.report(new SqlError(266, text266, { state: 2 }), output)
    }
    this.#returnOutputs(declared, given, scope)
    return status
  }

  #returnOutputs(
    declared: ReadonlyMap<string, TdsType>,
    given: readonly RpcParameter[],
    { values, output }: Scope,
  ): void {
    const names = [...declared.keys()]
    given.forEach((parameter, at) => {
      const name = parameter.name === '' ? names[at]! : parameter.name.toUpperCase()
      if (parameter.isOutput) this.#return(parameter, at, values.get(name) ?? null, output)
    })
  }

  #return(parameter: RpcParameter | undefined, ordinal: number, value: string | null, output: Output): void {
    if (!parameter)
      throw new SqlError(201, 'Procedure or function expects a parameter, which was not supplied.', {
        state: 4,
      })
    const { name, type } = parameter
    output.write((writer) => writeReturnValue(writer, { ordinal, name, type, value }))
  }
}

function prepare(text: string, declarations: string | null | undefined): Prepared {
  return { text, declared: readDeclarations(declarations ?? '') }
}

function required(parameter: RpcParameter | undefined, procedure: string): string {
  if (parameter?.value == null) {
    const text = `Procedure ${procedure} expects parameter '@statement', which was not supplied.`
    throw new SqlError(201, text, { state: 10 })
  }
  return parameter.value
}

/** By name, or by place where they have none. */
function bind(
  declared: ReadonlyMap<string, TdsType>,
  given: readonly RpcParameter[],
): Map<string, string | null> {
  const values = new Map<string, string | null>()
  const names = [...declared.keys()]
  given.forEach((parameter, at) => {
    const name = parameter.name === '' ? names[at] : parameter.name.toUpperCase()
    if (name === undefined || !declared.has(name)) {
      throw new SqlError(8144, 'Procedure or function  has too many arguments specified.', { state: 2 })
    }
    values.set(name, parameter.value)
  })
  const missing = names.find((name) => !values.has(name))
  if (missing !== undefined) {
    const declaration = [...declared.keys()].map((name) => name.toLowerCase()).join(',')
    throw new SqlError(
      8178,
      `The parameterized query '(${declaration})' expects the parameter '${missing.toLowerCase()}', which was not supplied.`,
    )
  }
  return values
}

function tooMany(): SqlError {
  return new SqlError(
    8003,
    'The incoming request has too many parameters. The server supports a maximum of 2100 parameters. Reduce the number of parameters and resend the request.',
  )
}
