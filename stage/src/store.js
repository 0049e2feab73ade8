/** The arrays of the last picture, by the hash of their content. */

export class Store {
  #arrays = new Map();

  /** @returns {{values: Float32Array, shape: number[]} | undefined} */
  get(hash) {
    return this.#arrays.get(hash);
  }

  /**
   * Take in what came with a picture and forget what it doesn't use.
   * @param {[string, number, number[]][]} entries hash, offset in float32s, shape
   * @param {DataView | ArrayBuffer | undefined} buffer
   * @param {object[]} panels
   */
  update(entries, buffer, panels) {
    const bytes = buffer instanceof ArrayBuffer ? new Uint8Array(buffer) : buffer && new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    const all = bytes ? new Float32Array(bytes.slice().buffer) : new Float32Array(0);
    const next = new Map();
    const fresh = new Map(
      entries.map(([hash, offset, shape]) => {
        const size = shape.reduce((product, side) => product * side, 1);
        return [hash, { values: all.subarray(offset, offset + size), shape }];
      }),
    );
    for (const panel of panels) {
      for (const layer of panel.layers ?? []) {
        for (const hash of Object.values(layer.arrays)) {
          const found = fresh.get(hash) ?? this.#arrays.get(hash);
          if (found) next.set(hash, found);
        }
      }
    }
    this.#arrays = next;
  }

  /** Everything, as entries and one buffer: what `update` takes. */
  whole() {
    const entries = [];
    let size = 0;
    for (const [hash, { values, shape }] of this.#arrays) {
      entries.push([hash, size, shape]);
      size += values.length;
    }
    const all = new Float32Array(size);
    for (const [hash, offset] of entries) all.set(this.#arrays.get(hash).values, offset);
    return { entries, buffer: new DataView(all.buffer) };
  }
}
