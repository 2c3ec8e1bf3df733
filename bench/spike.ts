// A short rush on few connections: whoever waits for returns is done before a connect could have helped.
import { spike } from './sim/demand.ts'
import { runDemandBench } from './support/demand.ts'

await runDemandBench({
  name: 'spike',
  title: 'A spike: 50 requests at once on 5 idle connections',
  demand: spike,
  best: 'never connecting',
  atMost: 1.3,
  totalAtMost: 6,
})
