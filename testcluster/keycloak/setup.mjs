// Makes the realms of a Keycloak that was just started, through its admin API: `plain`, and `rotating`, which has a
// policy for secrets. Both have the client scopes, and a client `operator` whose service account may manage clients.

import { Caller } from './client.mjs';

const [url, dir, expiration, rotatedExpiration, remainingRotation, ...scopes] = process.argv.slice(2);
const admin = new Caller(url, 'master', 'admin', `${dir}/admin-secret`);
const operator = new Caller(url, 'plain', 'operator', `${dir}/operator-secret`);

async function must(method, path, json) {
    const answer = await admin.call(method, path, json);
    if (answer.status >= 300) {
        console.error(`keycloak: cannot set it up: ${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
        process.exit(1);
    }
    return answer;
}

async function makeRealm(realm) {
    await must('POST', '', { realm, enabled: true, sslRequired: 'none' });
    // The token of before the realm was made has no rights in it.
    admin.renew();
    for (const name of scopes) {
        await must('POST', `/${realm}/client-scopes`, {
            name,
            protocol: 'openid-connect',
            attributes: { 'include.in.token.scope': 'true', 'display.on.consent.screen': 'false' },
        });
    }
    const { location: client } = await must('POST', `/${realm}/clients`, {
        clientId: operator.id,
        secret: operator.secret,
        serviceAccountsEnabled: true,
        standardFlowEnabled: false,
    });
    const { body: account } = await must('GET', `/${realm}/clients/${client}/service-account-user`);
    const { body: [management] } = await must('GET', `/${realm}/clients?clientId=realm-management`);
    const { body: role } = await must('GET', `/${realm}/clients/${management.id}/roles/manage-clients`);
    await must('POST', `/${realm}/users/${account.id}/role-mappings/clients/${management.id}`, [role]);
}

// Every confidential client gets it: the profile says what is done, the policy for whom.
async function rotate(realm) {
    const configuration = {
        'expiration-period': Number(expiration),
        'rotated-expiration-period': Number(rotatedExpiration),
        'remaining-rotation-period': Number(remainingRotation),
    };
    const executors = [{ executor: 'secret-rotation', configuration }];
    await must('PUT', `/${realm}/client-policies/profiles`, { profiles: [{ name: 'rotation', executors }] });
    const conditions = [{ condition: 'client-access-type', configuration: { type: ['confidential'] } }];
    await must('PUT', `/${realm}/client-policies/policies`, {
        policies: [{ name: 'rotation', enabled: true, conditions, profiles: ['rotation'] }],
    });
}

await makeRealm('plain');
await makeRealm('rotating');
await rotate('rotating');
