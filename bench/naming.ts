// Looking names up, listing them, and telling listeners of changes: what a name costs, whatever their number.
import type { DataSource } from '../src/api/data-source.ts'
import { DataSourceObjectFactory } from '../src/naming/data-source-object-factory.ts'
import { Namespace } from '../src/naming/namespace.ts'
import { NamingContext } from '../src/naming/naming-context.ts'
import { Reference } from '../src/naming/reference.ts'
import { DriverTable, loaded } from '../src/source/driver-table.ts'
import { createDataSourceWith } from '../src/source/managed-data-source.ts'
import { runBench } from './support/harness.ts'
import type { Contender, Peer } from './support/harness.ts'
import { stubDriver } from './support/stub-driver.ts'

interface Scenario {
  readonly name: string
  readonly contexts: number
  readonly namesInEach: number
}

const scenarios: readonly Scenario[] = [
  { name: '10 names in 1 context', contexts: 1, namesInEach: 10 },
  { name: '1,000 names in 100 contexts', contexts: 100, namesInEach: 10 },
  { name: '10,000 names in 100 contexts', contexts: 100, namesInEach: 100 },
]

/** About as many operations in each scenario. */
const operations = 20_000

/** Data sources from references, made already, so that a lookup finds what it finds in a running service. */
function contextOf(scenario: Scenario): { context: NamingContext; names: readonly string[] } {
  const drivers = new DriverTable([loaded(stubDriver)])
  const factory = new DataSourceObjectFactory((settings, options) =>
    createDataSourceWith(drivers, settings, options),
  )
  const context = new NamingContext(new Namespace([factory]))
  const names = namesOf(scenario)
  for (const name of names) {
    context.bind(name, new Reference('DataSource', { driver: stubDriver }))
    context.dataSource(name)
  }
  return { context, names }
}

function namesOf({ contexts, namesInEach }: Scenario): readonly string[] {
  return Array.from({ length: contexts * namesInEach }, (_, n) => `context${n % contexts}/source${n}`)
}

/** Goes over all names, again and again. */
function rounds(names: readonly string[], work: (name: string) => unknown): Contender {
  const count = Math.max(1, Math.round(operations / names.length))
  return {
    async run() {
      for (let round = 0; round < count; round++) {
        for (const name of names) await work(name)
      }
      return count * names.length
    },
    async end() {},
  }
}

const peers: readonly Peer<Scenario>[] = [
  {
    name: 'limit (Map, promise)',
    async prepare(scenario) {
      const names = namesOf(scenario)
      const map = new Map(names.map((name) => [name, {} as DataSource]))
      return rounds(names, (name) => Promise.resolve(map.get(name)))
    },
  },
  {
    name: 'lookup',
    async prepare(scenario) {
      const { context, names } = contextOf(scenario)
      return rounds(names, (name) => context.lookup(name))
    },
  },
  {
    name: 'dataSource',
    async prepare(scenario) {
      const { context, names } = contextOf(scenario)
      return rounds(names, (name) => context.dataSource(name))
    },
  },
  {
    name: 'list',
    async prepare(scenario) {
      const { context, names } = contextOf(scenario)
      const count = Math.max(1, Math.round(operations / names.length))
      return {
        async run() {
          let listed = 0
          for (let round = 0; round < count; round++) {
            for (const { name } of context.list()) listed += context.list(name).length
          }
          return listed
        },
        async end() {},
      }
    },
  },
  {
    name: 'rebind, a listener for each name',
    async prepare(scenario) {
      const context = new NamingContext(new Namespace([]))
      const names = namesOf(scenario)
      let heard = 0
      for (const name of names) {
        context.bind(name, 0)
        context.addNamingListener(name, 'object', { objectChanged: () => void heard++ })
      }
      const contender = rounds(names, (name) => context.rebind(name, heard))
      return {
        ...contender,
        async run() {
          heard = 0
          const done = await contender.run()
          if (heard !== done) throw new Error(`${done} changes, ${heard} events`)
          return done
        },
      }
    },
  },
]

await runBench({
  name: 'naming',
  title: 'Names',
  unit: 'names per second',
  scenarios,
  peers,
  control: 'lookup',
})
