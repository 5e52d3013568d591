// Control of the server by tests, below /_control/: what is registered, what was asked, and answers that get lost.

// A koa middleware to stand in front of the provider's own.
export function control(provider) {
    const requests = [];
    const losses = [];

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
            default: {
                const client = /^clients\/([^/]+)$/.exec(path);
                return client && ctx.method === 'DELETE' ? remove(client[1]) : [404, { error: 'no such control' }];
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
        await next();
        requests.push({ method: ctx.method, path: ctx.path, status: ctx.status });
        if (loss) {
            // The work is done and stored; the answer alone stays away.
            ctx.respond = false;
            ctx.req.socket.destroy();
        }
    };
}

// What a request's body says in JSON; undefined where it is none.
async function json(request) {
    let text = '';
    for await (const chunk of request) text += chunk;
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}
