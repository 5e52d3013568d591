// What an adapter for Keycloak builds on, tried at the server that `selftest` has started, and that README.md tells in
// words. Takes the line that `run` has printed.

import { strict as assert } from 'node:assert';
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';

import { call, requestToken } from './client.mjs';
import { Client, Realm, claims, now, unknown } from './realm.mjs';

const said = JSON.parse(process.argv[2]);
const plain = new Realm(said, 'plain');
const rotating = new Realm(said, 'rotating');
const marker = { 'oauthclient.dev/marker': 'cluster.uid.attempt' };

async function check(name, steps) {
    try {
        await steps();
        console.log(`ok      ${name}`);
    } catch (error) {
        console.log(`FAILED  ${name}`);
        console.log(String(error.stack).replace(/^/gm, '        '));
    }
}

// It counts from when the server began with it.
function lasts({ body }, seconds) {
    assert.ok([seconds, seconds - 1].includes(body.expires_in), `expires_in is ${body.expires_in}`);
}

// ---- clients

await check('the service account has a token, with the right to manage clients only', async () => {
    const answer = await requestToken(said.url, 'plain', { client_id: 'operator', client_secret: plain.operator.secret });
    lasts(answer, 300);
    assert.deepEqual(claims(answer).resource_access['realm-management'].roles, ['manage-clients']);
    await plain.call(403, 'GET', '/client-policies/profiles');
});

await check('a client is made with a chosen id, secret and attributes, and found by its id', async () => {
    const client = await plain.client({ attributes: { ...marker, 'access.token.lifespan': '120' }, optionalClientScopes: ['invoices:read'] });
    const { body: [found] } = await plain.call(200, 'GET', `/clients?clientId=${client.clientId}`);
    assert.deepEqual([found.id, found.secret, found.attributes['oauthclient.dev/marker']], [client.id, 'canary-one', 'cluster.uid.attempt']);
    assert.deepEqual([found.defaultClientScopes, found.optionalClientScopes], [['service_account'], ['invoices:read']]);
    assert.deepEqual((await client.call(200, 'GET', '/client-secret')).body, { type: 'secret', value: 'canary-one' });
    const answer = await client.token('canary-one', { scope: 'invoices:read' });
    assert.deepEqual([answer.status, answer.body.scope], [200, 'invoices:read']);
    lasts(answer, 120);
    assert.equal((await client.token('canary-one', { scope: 'invoices:write' })).body.error, 'invalid_scope');
    await client.refuses('wrong');
});

await check('a second client of that id is refused, also in another case', async () => {
    const client = await plain.client();
    for (const clientId of [client.clientId, client.clientId.toUpperCase()]) {
        const { body } = await plain.call(409, 'POST', '/clients', { clientId, serviceAccountsEnabled: true });
        assert.deepEqual(body, { errorMessage: `Client ${clientId} already exists` });
    }
});

await check('the caller may choose the UUID too', async () => {
    const id = randomUUID();
    const client = await plain.client({ id });
    assert.equal(client.id, id);
    const { body } = await plain.call(409, 'POST', '/clients', { id, clientId: 'another' });
    assert.deepEqual(body, { error: 'conflict', error_description: 'Duplicate resource error' });
});

await check('PUT leaves alone what is absent, merges attributes, and ignores scopes', async () => {
    const client = await plain.client({ name: 'Invoices', attributes: { ...marker, one: '1' }, optionalClientScopes: ['invoices:read'] });
    const before = await client.get();
    await client.put({});
    assert.deepEqual(await client.get(), before);
    await client.put({ name: 'renamed', attributes: { two: '2', one: null }, optionalClientScopes: [], defaultClientScopes: ['invoices:write'] });
    const after = await client.get();
    assert.deepEqual(after, { ...before, name: 'renamed', attributes: { ...marker, realm_client: 'false', two: '2' } });
    await client.put({ attributes: { two: '' } });
    assert.equal((await client.get()).attributes.two, undefined);
    await client.put({ name: null });
    assert.equal((await client.get()).name, 'renamed');
});

await check('PUT sets a secret, also an empty one', async () => {
    const client = await plain.client();
    await client.put({ secret: 'canary-two' });
    await client.refuses('canary-one');
    await client.accepts('canary-two');
    await client.put({ secret: '' });
    assert.equal((await client.get()).secret, '');
});

await check('a client is switched off, renamed, and deleted', async () => {
    const client = await plain.client();
    await client.put({ enabled: false });
    assert.equal((await client.token('canary-one')).body.error, 'invalid_client');
    await client.put({ enabled: true, clientId: `${client.clientId}-renamed` });
    await new Client(plain, client.id, `${client.clientId}-renamed`).accepts('canary-one');
    await client.call(204, 'DELETE');
    for (const method of ['GET', 'PUT', 'DELETE']) {
        assert.deepEqual((await client.call(404, method, '', method === 'PUT' ? {} : undefined)).body, { error: 'Could not find client' });
    }
    assert.deepEqual((await plain.call(200, 'GET', `/clients?clientId=${client.clientId}`)).body, []);
});

await check('the list has pages, in the order of ids, and a search by part of them', async () => {
    for (const letter of 'cab') await plain.client({ clientId: `listed-${letter}` });
    const listed = async (query) => (await plain.call(200, 'GET', `/clients?${query}`)).body.map(({ clientId }) => clientId);
    assert.deepEqual(await listed('clientId=listed-&search=true'), ['listed-a', 'listed-b', 'listed-c']);
    assert.deepEqual(await listed('clientId=LISTED-&search=true&first=1&max=1'), ['listed-b']);
    assert.deepEqual(await listed('clientId=listed-'), []);
    assert.deepEqual(await listed('first=1000&max=10'), []);
    assert.deepEqual([...(await listed('first=0&max=4')), ...(await listed('first=4'))], await listed(''));
    assert.equal((await plain.call(400, 'GET', '/clients?q=oauthclient.dev/marker:x')).body.error, 'invalid_request');
});

await check('what is invalid is refused with 400, what is too long with 500', async () => {
    const refused = async (status, field) => {
        const representation = { clientId: `invalid-${randomUUID()}`, ...field };
        return (await plain.call(status, 'POST', '/clients', representation)).body;
    };
    for (const uri of ['javascript:alert(1)', 'not a uri', 'https://app.example.com/cb#fragment']) {
        assert.equal((await refused(400, { redirectUris: [uri] })).error, 'invalid_input');
    }
    assert.match((await refused(400, { nonsense: 1 })).error, /^Invalid json representation for ClientRepresentation/);
    for (const field of ['clientId', 'name', 'description', 'secret']) {
        assert.equal((await refused(500, { [field]: 'x'.repeat(256) })).error, 'unknown_error');
    }
    // These are taken, and break its tokens.
    const client = await plain.client({ attributes: { 'access.token.lifespan': 'soon' } });
    assert.equal((await client.token('canary-one')).status, 500);
});

await check('scopes are attached and detached one by one, and unknown ones dropped when a client is made', async () => {
    const scopes = await plain.scopes();
    const client = await plain.client({ defaultClientScopes: ['invoices:write', 'nonexistent'] });
    const has = async () => [(await client.get()).defaultClientScopes.sort(), (await client.get()).optionalClientScopes];
    assert.deepEqual(await has(), [['invoices:write', 'service_account'], []]);
    await client.call(204, 'PUT', `/optional-client-scopes/${scopes['invoices:read']}`);
    await client.call(204, 'PUT', `/optional-client-scopes/${scopes['invoices:read']}`);
    // Attached already, in the other way: nothing happens.
    await client.call(204, 'PUT', `/default-client-scopes/${scopes['invoices:read']}`);
    assert.deepEqual(await has(), [['invoices:write', 'service_account'], ['invoices:read']]);
    await client.call(204, 'DELETE', `/default-client-scopes/${scopes['invoices:write']}`);
    await client.call(204, 'DELETE', `/default-client-scopes/${scopes['invoices:write']}`);
    assert.deepEqual(await has(), [['service_account'], ['invoices:read']]);
    await client.call(404, 'PUT', `/optional-client-scopes/${unknown}`);
});

await check('an audience is a mapper, which PUT replaces as a whole', async () => {
    const mapper = (audience) => ({
        name: audience,
        protocol: 'openid-connect',
        protocolMapper: 'oidc-audience-mapper',
        config: { 'included.custom.audience': audience, 'access.token.claim': 'true', 'id.token.claim': 'false' },
    });
    const client = await plain.client({ fullScopeAllowed: false, protocolMappers: [mapper('https://one.example.com')] });
    assert.equal(claims(await client.token('canary-one')).aud, 'https://one.example.com');
    await client.put({ name: 'x' });
    await client.put({ protocolMappers: [mapper('https://two.example.com')] });
    assert.equal(claims(await client.token('canary-one')).aud, 'https://two.example.com');
    await client.put({ protocolMappers: [] });
    assert.equal(claims(await client.token('canary-one')).aud, undefined);
});

await check('a client proves itself with a key of a JWK set in its attributes', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const keys = [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'ES256' }];
    const client = await plain.client({
        clientAuthenticatorType: 'client-jwt',
        attributes: { 'use.jwks.string': 'true', 'jwks.string': JSON.stringify({ keys }), 'token.endpoint.auth.signing.alg': 'ES256' },
    });
    const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const assertion = () => {
        const by = { iss: client.clientId, sub: client.clientId, aud: `${said.url}/realms/plain` };
        const once = { jti: randomUUID(), iat: now(), exp: now() + 60 };
        const content = `${part({ alg: 'ES256', kid: 'one' })}.${part({ ...by, ...once })}`;
        const signature = sign('sha256', Buffer.from(content), { key: privateKey, dsaEncoding: 'ieee-p1363' });
        return `${content}.${signature.toString('base64url')}`;
    };
    const proof = (client_assertion) =>
        requestToken(said.url, 'plain', { client_assertion, client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' });
    const used = assertion();
    assert.equal((await proof(used)).status, 200);
    assert.equal((await proof(used)).body.error_description, 'Token reuse detected');
    assert.equal((await client.token('canary-one')).status, 400);
    await client.put({ attributes: { 'jwks.string': JSON.stringify({ keys: [] }) } });
    assert.deepEqual([(await proof(assertion())).status], [400]);
});

await check('without a right it is 403, also for what is not there; with one 404', async () => {
    const { body: [management] } = await plain.asAdmin(200, 'GET', '/clients?clientId=realm-management');
    const victim = await plain.client();
    const withRoles = async (...names) => {
        const client = await plain.client();
        const { body: account } = await plain.asAdmin(200, 'GET', `/clients/${client.id}/service-account-user`);
        const roles = [];
        for (const name of names) roles.push((await plain.asAdmin(200, 'GET', `/clients/${management.id}/roles/${name}`)).body);
        await plain.asAdmin(204, 'POST', `/users/${account.id}/role-mappings/clients/${management.id}`, roles);
        const { body } = await client.token('canary-one');
        return async (method, path, json) => (await call(method, `${said.url}/admin/realms${path}`, { token: body.access_token, json })).status;
    };
    const statuses = async (caller) => [
        await caller('GET', '/plain/clients'),
        await caller('GET', `/plain/clients/${victim.id}`),
        await caller('GET', `/plain/clients/${unknown}`),
        await caller('PUT', `/plain/clients/${victim.id}`, {}),
        await caller('GET', `/plain/clients/${victim.id}/client-secret`),
        await caller('GET', '/plain/client-scopes'),
        await caller('GET', '/plain/client-policies/profiles'),
    ];
    assert.deepEqual(await statuses(await withRoles()), [403, 403, 403, 403, 403, 403, 403]);
    assert.deepEqual(await statuses(await withRoles('query-clients')), [200, 403, 404, 403, 403, 200, 403]);
    assert.deepEqual(await statuses(await withRoles('view-clients')), [200, 200, 404, 403, 200, 200, 403]);
    assert.deepEqual(await statuses(await withRoles('manage-clients')), [200, 200, 404, 204, 200, 200, 403]);
    assert.deepEqual(await statuses(await withRoles('manage-clients', 'view-realm')), [200, 200, 404, 204, 200, 200, 200]);
    assert.deepEqual(await statuses(await withRoles('manage-realm')), [403, 403, 403, 403, 403, 403, 200]);
    const manager = await withRoles('manage-clients');
    assert.equal(await manager('GET', '/rotating/clients'), 403);
    assert.equal(await manager('GET', '/nonexistent/clients'), 404);
    assert.equal((await call('GET', `${said.url}/admin/realms/plain/clients`, { token: 'nonsense' })).status, 401);
});

// ---- secrets

await check('in a realm without the policy a new secret ends the old one at once', async () => {
    const client = await plain.client();
    const secret = await client.regenerate();
    assert.match(secret, /^[A-Za-z0-9]{86}$/);
    await client.refuses('canary-one');
    await client.accepts(secret);
    assert.deepEqual((await client.call(404, 'GET', '/client-secret/rotated')).body, { error: 'Client does not have a rotated secret' });
    await client.call(204, 'DELETE', '/client-secret/rotated');
});

await check('in a realm with it the old one is accepted too, and is shown, until it is taken away', async () => {
    const client = await rotating.client({ attributes: marker });
    const secret = await client.regenerate();
    const { attributes } = await client.get();
    assert.equal(attributes['client.secret.rotated'], 'canary-one');
    const times = { creation: 0, expiration: 3600, 'rotated.creation': 0, 'rotated.expiration': 600 };
    for (const [name, seconds] of Object.entries(times)) {
        assert.ok(Math.abs(Number(attributes[`client.secret.${name}.time`]) - now() - seconds) < 30, name);
    }
    await client.accepts('canary-one', secret);
    assert.deepEqual((await client.call(200, 'GET', '/client-secret/rotated')).body, { type: 'secret', value: 'canary-one' });
    await client.put({ name: 'x', attributes: marker });
    await client.accepts('canary-one', secret);
    await client.call(204, 'DELETE', '/client-secret/rotated');
    await client.refuses('canary-one');
    await client.call(404, 'GET', '/client-secret/rotated');
});

// One PUT that says all of it: the candidate, the old secret, and how long each of them works.
const overlap = (secret, old, seconds) => ({
    secret,
    attributes: {
        'client.secret.creation.time': String(now()),
        'client.secret.expiration.time': String(now() + 3600),
        'client.secret.rotated': old,
        'client.secret.rotated.creation.time': String(now()),
        'client.secret.rotated.expiration.time': String(now() + seconds),
    },
});

await check('with the policy a PUT rotates to a chosen secret with a chosen overlap, and can be repeated', async () => {
    const client = await rotating.client();
    const rotation = overlap('canary-two', 'canary-one', 300);
    for (let time = 0; time < 2; time++) {
        await client.put(rotation);
        const { secret, attributes } = await client.get();
        assert.deepEqual([secret, attributes], ['canary-two', { realm_client: 'false', ...rotation.attributes }]);
        await client.accepts('canary-one', 'canary-two');
    }
});

await check('a PUT of a secret alone is no rotation: there the replaced one ends, the rotated one stays', async () => {
    const client = await rotating.client();
    const second = await client.regenerate();
    await client.put({ secret: 'canary-three' });
    await client.accepts('canary-one', 'canary-three');
    await client.refuses(second);
});

await check('without the policy the same PUT has no overlap', async () => {
    const client = await plain.client();
    await client.put(overlap('canary-two', 'canary-one', 300));
    assert.deepEqual(Object.keys((await client.get()).attributes).sort(), ['client.secret.creation.time', 'realm_client']);
    await client.refuses('canary-one');
    await client.accepts('canary-two');
});

await check('trap: with the policy taken away, the next PUT ends an overlap, and nothing before it', async () => {
    const client = await rotating.client();
    await client.put(overlap('canary-two', 'canary-one', 300));
    const { body } = await rotating.asAdmin(200, 'GET', '/client-policies/policies');
    await rotating.asAdmin(204, 'PUT', '/client-policies/policies', { policies: [{ ...body.policies[0], enabled: false }] });
    await client.accepts('canary-one', 'canary-two');
    await client.put({ name: 'x' });
    await client.refuses('canary-one');
    const made = await rotating.client();
    await rotating.asAdmin(204, 'PUT', '/client-policies/policies', body);
    // Made before the policy: it gets its expiry with the first PUT that names attributes; without them it is an error.
    await made.put({ name: 'x' }, 500);
    assert.equal((await made.get()).attributes['client.secret.expiration.time'], undefined);
    await made.put({ attributes: marker });
    assert.ok((await made.get()).attributes['client.secret.expiration.time']);
});

// With periods of seconds from here on.
const configuration = { 'expiration-period': 6, 'rotated-expiration-period': 6, 'remaining-rotation-period': 1 };
await rotating.asAdmin(204, 'PUT', '/client-policies/profiles', {
    profiles: [{ name: 'rotation', executors: [{ executor: 'secret-rotation', configuration }] }],
});
// Before the others, so that its overlap has ended when they have expired.
const overlapping = await rotating.client();
await overlapping.put(overlap('canary-two', 'canary-one', 4));
const expiring = await Promise.all(Array.from({ length: 5 }, () => rotating.client({ attributes: marker })));
await Promise.all(expiring.map((client) => client.expired()));

await check('an overlap ends by itself; the secret that has ended is still shown', async () => {
    await overlapping.refuses('canary-one');
    await overlapping.accepts('canary-two');
    assert.equal((await overlapping.call(200, 'GET', '/client-secret/rotated')).body.value, 'canary-one');
});

await check('an expired secret is refused', async () => {
    for (const client of expiring) await client.refuses('canary-one');
});

await check('trap: a PUT of a client with an expired secret rotates it and says nothing', async () => {
    const [client] = expiring;
    await client.put({ attributes: marker });
    const { secret, attributes } = await client.get();
    assert.notEqual(secret, 'canary-one');
    assert.equal(attributes['client.secret.rotated'], 'canary-one');
});

await check('trap: so does one that sets a secret, which is the rotated one then', async () => {
    const [, client] = expiring;
    await client.put({ secret: 'canary-two', attributes: marker });
    const { secret, attributes } = await client.get();
    assert.ok(!secret.startsWith('canary'));
    assert.equal(attributes['client.secret.rotated'], 'canary-two');
});

await check('trap: without attributes it is an error of the server, and changes nothing', async () => {
    const [, , client] = expiring;
    await client.put({ secret: 'canary-two' }, 500);
    assert.equal((await client.get()).secret, 'canary-one');
});

await check('the PUT with chosen times works there too', async () => {
    const [, , , client] = expiring;
    await client.put(overlap('canary-two', 'canary-one', 300));
    await client.accepts('canary-one', 'canary-two');
    assert.equal((await client.get()).secret, 'canary-two');
});

await check('a new secret for an expired one: that one is accepted again', async () => {
    const [, , , , client] = expiring;
    await client.accepts('canary-one', await client.regenerate());
});

await check('a realm has what its periods are, for who may view the realm', async () => {
    const { body } = await rotating.asAdmin(200, 'GET', '/client-policies/profiles');
    assert.deepEqual(body.profiles[0].executors[0].configuration, configuration);
});

console.log('that was all');
