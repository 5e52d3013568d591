// A client of Keycloak's token endpoint and admin API.

import { readFileSync } from 'node:fs';

// A call of the admin API, {status, body, location}: the body as JSON where it is, the location's last part, which is
// the id of what was made.
export async function call(method, url, { token, json, form } = {}) {
    const headers = {};
    if (token) headers.authorization = `Bearer ${token}`;
    if (json !== undefined) headers['content-type'] = 'application/json';
    const content = form ? new URLSearchParams(form) : json === undefined ? undefined : JSON.stringify(json);
    const answer = await fetch(url, { method, headers, body: content, redirect: 'manual' });
    const text = await answer.text();
    let body = text;
    try {
        body = JSON.parse(text);
    } catch {
        // Most answers to a change have none.
    }
    return { status: answer.status, body, location: answer.headers.get('location')?.split('/').pop() };
}

// Asks for a token by the grant client_credentials, with id and secret in the body.
export function requestToken(url, realm, form) {
    return call('POST', `${url}/realms/${realm}/protocol/openid-connect/token`, {
        form: { grant_type: 'client_credentials', ...form },
    });
}

// Calls in the name of a client with a service account, whose secret is in a file.
export class Caller {
    #token;
    #until = 0;

    constructor(url, realm, id, file) {
        Object.assign(this, { url, realm, id, secret: readFileSync(file, 'utf8').trim() });
    }

    async token() {
        if (Date.now() >= this.#until) {
            const { status, body } = await requestToken(this.url, this.realm, {
                client_id: this.id,
                client_secret: this.secret,
            });
            if (status !== 200) throw new Error(`no token for ${this.id} of realm ${this.realm}: ${status} ${body.error}`);
            this.#token = body.access_token;
            this.#until = Date.now() + (body.expires_in - 10) * 1000;
        }
        return this.#token;
    }

    // Forgets its token, whose rights are those of when it was issued where realms are concerned.
    renew() {
        this.#until = 0;
    }

    // A call below /admin/realms.
    async call(method, path, json) {
        return call(method, `${this.url}/admin/realms${path}`, { token: await this.token(), json });
    }
}
