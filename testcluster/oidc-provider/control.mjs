// Control of the server by tests, below /_control/: what is registered, what was asked, and what goes wrong.

import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

// Which calls are meant to change a registration.
const isMutation = ({ method, path }) => /^\/reg(\/|$)/.test(path) && method !== 'GET';
// Groups of calls that can be spoiled.
const GROUPS = { any: () => true, mutation: isMutation, read: (call) => !isMutation(call) };

// A koa middleware to stand in front of the provider's own.
export function control(provider) {
    const requests = [];
    const losses = [];
    let spoils = [];
    let met = 0;
    let underWay = 0;

    async function loseAnswer(ctx) {
        const { method, path, times = 1 } = (await json(ctx.req)) ?? {};
        const understood = typeof method === 'string'
            && (path === undefined || typeof path === 'string')
            && Number.isInteger(times) && times > 0;
        if (!understood) {
            return [400, { error: 'wanted: {"method":"PUT","path":"/reg","times":1}; path and times may be absent' }];
        }
        losses.push({ method, path, times });
        return [204];
    }

    // What becomes of calls from now on: `lose` closes the connection, `late` does so and works afterwards, `answer` says
    // something else. `work` says whether the work is done.
    async function spoil(ctx) {
        const wish = (await json(ctx.req)) ?? {};
        const { calls, times, how, ms, status } = wish;
        const understood = Object.hasOwn(GROUPS, calls)
            && (times === undefined || times === null || (Number.isInteger(times) && times > 0))
            && (how === 'lose' || (how === 'late' && Number.isInteger(ms)) || (how === 'answer' && Number.isInteger(status)));
        if (!understood) return [400, { error: 'calls, times and how are not understood; README.md has them' }];
        spoils.push({ ...wish, times: times ?? Infinity });
        return [204];
    }

    async function reset() {
        const store = provider.Client.adapter;
        for (const { client_id: id } of store.all()) await store.destroy(id);
        requests.length = 0;
        losses.length = 0;
        spoils = [];
        met = 0;
        return [204];
    }

    async function spoiled(ctx, next, { how, work, ms, status, headers, body }) {
        met += 1;
        if (how === 'late') {
            // The body has to be there before the connection is gone; the library reads it from a stream.
            ctx.req = Readable.from([Buffer.from(await text(ctx.req))]);
            ctx.respond = false;
            ctx.request.req.socket.destroy();
            underWay += 1;
            await sleep(ms);
        }
        try {
            if (work || how === 'late') await next();
        } finally {
            if (how === 'late') underWay -= 1;
        }
        if (how === 'lose') {
            ctx.respond = false;
            ctx.req.socket.destroy();
        } else if (how === 'answer') {
            ctx.response.remove('content-type');
            ctx.status = status;
            ctx.body = body ?? '';
            ctx.set(headers ?? {});
        }
    }

    async function lock(id) {
        const store = provider.RegistrationAccessToken.adapter;
        const tokens = store.all().filter(({ clientId }) => clientId === id);
        for (const { jti } of tokens) await store.destroy(jti);
        return [tokens.length === 0 ? 404 : 204];
    }

    async function remove(id) {
        const store = provider.Client.adapter;
        if (!(await store.find(id))) return [404, { error: 'no such client' }];
        await store.destroy(id);
        return [204];
    }

    async function operate(ctx) {
        const path = ctx.path.slice('/_control/'.length);
        switch (`${ctx.method} ${path}`) {
            case 'GET clients':
                return [200, provider.Client.adapter.all()];
            case 'GET requests':
                return [200, requests];
            case 'POST lose_answer':
                return loseAnswer(ctx);
            case 'POST spoil':
                return spoil(ctx);
            case 'GET spoil':
                return [200, { met, under_way: underWay }];
            case 'DELETE spoil':
                spoils = [];
                return [204];
            case 'POST reset':
                return reset();
            default: {
                const [, what, id] = /^(clients|access)\/([^/]+)$/.exec(path) ?? [];
                if (ctx.method !== 'DELETE' || !id) return [404, { error: 'no such control' }];
                return what === 'clients' ? remove(id) : lock(id);
            }
        }
    }

    return async (ctx, next) => {
        if (ctx.path.startsWith('/_control/')) {
            [ctx.status, ctx.body] = await operate(ctx);
            return;
        }
        // Chosen as the request comes: of two at once the first one's answer gets lost.
        const loss = losses.find(({ method, path, times }) => (
            times > 0 && method === ctx.method && (path === undefined || path === ctx.path)
        ));
        if (loss) loss.times -= 1;
        const { method, path } = ctx;
        const spoil = spoils.find(({ calls, times }) => times > 0 && GROUPS[calls]({ method, path }));
        if (spoil) {
            spoil.times -= 1;
            const request = { method, path };
            requests.push(request);
            await spoiled(ctx, next, spoil);
            request.status = ctx.status;
            return;
        }
        await next();
        requests.push({ method: ctx.method, path: ctx.path, status: ctx.status });
        if (loss) {
            // The work is done and stored; the answer alone stays away.
            ctx.respond = false;
            ctx.req.socket.destroy();
        }
    };
}

async function text(request) {
    let text = '';
    for await (const chunk of request) text += chunk;
    return text;
}

// What a request's body says in JSON; undefined where it is none.
async function json(request) {
    try {
        return JSON.parse(await text(request));
    } catch {
        return undefined;
    }
}
