import type { DataSource } from '../api/data-source.ts'
import { atOrigin } from './configuration.ts'
import type { ObjectFactory, Reference } from './reference.ts'

/** A data source that its owner closes. */
export type OwnedDataSource = DataSource & AsyncDisposable

/** Makes a data source from settings; connects to nothing. */
export type DataSourceMaker = (
  settings: Readonly<Record<string, unknown>>,
  options: { readonly name: string },
) => OwnedDataSource

/** Makes data sources from references of type `DataSource`, whose properties are the settings. */
export class DataSourceObjectFactory implements ObjectFactory {
  readonly type = 'DataSource'
  readonly #make: DataSourceMaker

  constructor(make: DataSourceMaker) {
    this.#make = make
  }

  getObjectInstance(reference: Reference, name: string): OwnedDataSource {
    try {
      return this.#make(reference.properties(), { name })
    } catch (error) {
      throw atOrigin(error, reference.origin())
    }
  }
}
