// A rush that lasts: connecting is worth it, and in parallel.
import { surge } from './sim/demand.ts'
import { runDemandBench } from './support/demand.ts'

await runDemandBench({
  name: 'surge',
  title: 'A surge: 5,000 requests at once on 5 idle connections',
  demand: surge,
  best: 'all connects at once',
  atMost: 1.1,
})
