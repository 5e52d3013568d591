// A realm as the selftest looks at it: with the operator's rights, and its clients.

import { strict as assert } from 'node:assert';
import { randomBytes } from 'node:crypto';

import { Caller, requestToken } from './client.mjs';

export const unknown = '00000000-0000-0000-0000-000000000000';
export const now = () => Math.floor(Date.now() / 1000);
export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// The claims of an access token.
export function claims({ body }) {
    return JSON.parse(Buffer.from(body.access_token.split('.')[1], 'base64url').toString());
}

export class Realm {
    constructor(said, name) {
        Object.assign(this, { url: said.url, name });
        this.operator = new Caller(said.url, name, said.client_id, said.client_secret_file);
        this.admin = new Caller(said.url, 'master', said.admin_client_id, said.admin_client_secret_file);
    }

    // A call of the operator's, which has to have this status.
    async call(status, method, path, json) {
        const answer = await this.operator.call(method, `/${this.name}${path}`, json);
        assert.equal(answer.status, status, `${method} ${path}: ${JSON.stringify(answer.body)}`);
        return answer;
    }

    // The same as an administrator of the server.
    async asAdmin(status, method, path, json) {
        const answer = await this.admin.call(method, `/${this.name}${path}`, json);
        assert.equal(answer.status, status, `${method} ${path}: ${JSON.stringify(answer.body)}`);
        return answer;
    }

    // A new client with a service account and the secret canary-one.
    async client(representation = {}) {
        const clientId = `selftest-${randomBytes(4).toString('hex')}`;
        const whole = { clientId, secret: 'canary-one', serviceAccountsEnabled: true, standardFlowEnabled: false, ...representation };
        const { location } = await this.call(201, 'POST', '/clients', whole);
        return new Client(this, location, whole.clientId);
    }

    // The ids of the client scopes by name.
    async scopes() {
        const { body } = await this.call(200, 'GET', '/client-scopes');
        return Object.fromEntries(body.map(({ name, id }) => [name, id]));
    }
}

export class Client {
    constructor(realm, id, clientId) {
        Object.assign(this, { realm, id, clientId });
    }

    call(status, method, path = '', json = undefined) {
        return this.realm.call(status, method, `/clients/${this.id}${path}`, json);
    }

    async get() {
        return (await this.call(200, 'GET')).body;
    }

    put(representation, status = 204) {
        return this.call(status, 'PUT', '', representation);
    }

    async regenerate() {
        return (await this.call(200, 'POST', '/client-secret')).body.value;
    }

    token(secret, more = {}) {
        return requestToken(this.realm.url, this.realm.name, { client_id: this.clientId, client_secret: secret, ...more });
    }

    // Each of these secrets is accepted, or refused.
    async accepts(...secrets) {
        for (const secret of secrets) assert.equal((await this.token(secret)).status, 200, `${secret.slice(0, 10)} is accepted`);
    }

    async refuses(...secrets) {
        for (const secret of secrets) {
            const { status, body } = await this.token(secret);
            assert.deepEqual([status, body.error], [401, 'unauthorized_client'], `${secret.slice(0, 10)} is refused`);
        }
    }

    // Waits until its secret has expired by the server's own time in its attributes.
    async expired() {
        const { attributes } = await this.get();
        await sleep((Number(attributes['client.secret.expiration.time']) + 1) * 1000 - Date.now());
    }
}
