// What the provider keeps, in memory. Its own store of that kind forgets clients when there are some thousand things.
// This one has what registration and client_credentials need, and no more: other grants fail here.

export class Store {
    #entries = new Map();

    // `lifetime` in seconds; an entry without one stays.
    async upsert(id, payload, lifetime = Infinity) {
        const now = Date.now();
        // Things of one kind live equally long, so what is over is at the front.
        for (const [old, { ends }] of this.#entries) {
            if (ends > now) break;
            this.#entries.delete(old);
        }
        this.#entries.set(id, { payload, ends: now + lifetime * 1000 });
    }

    async find(id) {
        return this.#entries.get(id)?.payload;
    }

    async destroy(id) {
        this.#entries.delete(id);
    }

    all() {
        return [...this.#entries.values()].map(({ payload }) => payload);
    }
}
