/**
 * The name of an error is that of its class, also in stack traces. On the prototype, so that it is not printed as a
 * field: to be called in a static block.
 */
export function nameAfterClass(errorClass: { readonly name: string; readonly prototype: Error }): void {
  Object.defineProperty(errorClass.prototype, 'name', {
    value: errorClass.name,
    configurable: true,
    writable: true,
  })
}
