// node oidc-provider on loopback, a real authorization server for tests: dynamic client registration (RFC 7591, 7592)
// and the grant client_credentials. Everything is in memory. `run` beside it installs the library and starts this;
// ../README.md has the options and the paths below /_control/.

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

import { control } from './control.mjs';
import { Store } from './store.mjs';

function fail(code, message) {
    console.error(`oidc-provider: ${message}`);
    process.exit(code);
}

// What the arguments ask for; an argument that is wrong ends it with code 2.
function parse() {
    let values;
    try {
        ({ values } = parseArgs({
            options: {
                port: { type: 'string', default: '0' },
                scope: { type: 'string', multiple: true, default: [] },
                'initial-access-token-env': { type: 'string' },
                'rotate-registration-access-token': { type: 'string', default: 'on' },
                'no-registration-management': { type: 'boolean', default: false },
                'end-with-stdin': { type: 'boolean', default: false },
            },
        }));
    } catch (error) {
        fail(2, error.message);
    }
    const port = Number(values.port);
    if (!/^\d+$/.test(values.port) || port > 65535) fail(2, '--port takes a number up to 65535; 0 is any free one');
    const rotate = values['rotate-registration-access-token'];
    if (!['on', 'off'].includes(rotate)) fail(2, '--rotate-registration-access-token takes on or off');
    const variable = values['initial-access-token-env'];
    const initialAccessToken = variable === undefined ? false : process.env[variable];
    if (initialAccessToken === undefined || initialAccessToken === '') {
        fail(2, `--initial-access-token-env: the variable ${variable} is empty or not there`);
    }
    return {
        port,
        scopes: values.scope,
        initialAccessToken,
        rotateRegistrationAccessToken: rotate === 'on',
        registrationManagement: !values['no-registration-management'],
        endWithStdin: values['end-with-stdin'],
    };
}

const options = parse();

const folder = process.env.OIDC_PROVIDER_FOLDER;
if (!folder) fail(2, 'start it with testcluster/oidc-provider/run');
// The library has notices for stdout, where nothing but the address is wanted.
console.info = console.error;
const library = createRequire(`${folder}/`).resolve('oidc-provider');
const { default: Provider } = await import(pathToFileURL(library));

const configuration = {
    adapter: Store,
    scopes: options.scopes,
    features: {
        clientCredentials: { enabled: true },
        // Pages for people to sign in with anything; nobody signs in here.
        devInteractions: { enabled: false },
        // A client may ask about its own tokens.
        introspection: { enabled: true, allowedPolicy: (ctx, client, token) => token.clientId === client.clientId },
        registration: { enabled: true, initialAccessToken: options.initialAccessToken },
        registrationManagement: options.registrationManagement
            ? { enabled: true, rotateRegistrationAccessToken: options.rotateRegistrationAccessToken }
            : { enabled: false },
    },
    // It drops metadata that it does not know, and these two of RFC 7591 it does not.
    extraClientMetadata: { properties: ['software_id', 'software_version'] },
    ttl: { ClientCredentials: 600 },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    jwks: { keys: [generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })] },
};

const server = createServer();
// An idle connection is kept, so that no request meets one that is just being closed.
server.keepAliveTimeout = 0;
server.on('error', (error) => fail(1, error.message));
server.listen(options.port, '127.0.0.1', () => {
    // The issuer has the port in it, so the provider comes after the address is known.
    const url = `http://127.0.0.1:${server.address().port}`;
    const provider = new Provider(url, configuration);
    provider.on('server_error', (ctx, error) => console.error(`oidc-provider: ${ctx.method} ${ctx.path}:`, error));
    provider.use(control(provider));
    server.on('request', provider.callback());
    console.log(JSON.stringify({ url, issuer: url }));
});

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0));
// Who started it holds the other end, and cannot forget it.
if (options.endWithStdin) process.stdin.on('end', () => process.exit(0)).resume();
