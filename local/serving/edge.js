// Does inside nginx what CloudFront does with a request: chooses the behaviour, runs the viewer functions, makes the
// cache key, limits the time to live and names the outcome. nginx does the rest. See edge.py, which also writes
// distribution.js.

import cf from 'cloudfront';
import distribution from 'distribution.js';

const SAFE = ['GET', 'HEAD', 'OPTIONS'];
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html
const ERRORS_CACHED = [404, 414, 500, 501, 502, 503, 504];
const ERRORS_CACHED_IF_TOLD = [400, 403, 405, 412, 415];
const ERROR_SECONDS = 10;

const origins = distribution.inputs.origins.map((origin) => origin.originId);
const groups = distribution.inputs.originGroups || [];
const NONE = {
    cookiesConfig: { cookieBehavior: 'none' },
    headersConfig: { headerBehavior: 'none' },
    queryStringsConfig: { queryStringBehavior: 'none' },
};

function items(object) {
    return (object && object.items) || [];
}

function behaviourOf(r) {
    return distribution.behaviours[r.variables.edge_behaviour];
}

// The parts of a request that a behaviour's cache policy puts into the key, and that its origin request policy adds.
function policies(behaviour) {
    const names = (policy) => items(policy.headersConfig.headers).map((name) => name.toLowerCase());
    const cache = distribution.policies[behaviour.cachePolicyId];
    const key = cache.parametersInCacheKeyAndForwardedToOrigin;
    const request = distribution.policies[behaviour.originRequestPolicyId] || NONE;
    const mode = request.headersConfig.headerBehavior;
    const keyed = names(key);
    const named = mode === 'allExcept' ? keyed : keyed.concat(names(request));
    const all = mode.indexOf('all') === 0;
    return {
        cache: cache,
        both: [key, request],
        key: key,
        keyed: keyed,
        named: named,
        forwards: (name) => named.includes(name) || (all && !(mode === 'allExcept' && names(request).includes(name))),
    };
}

function functionOf(behaviour, eventType) {
    const found = (behaviour.functionAssociations || []).find((item) => item.eventType === eventType);
    return found && distribution.functions[found.functionArn].handler;
}

// An AWS path pattern: * is any run of characters, ? is exactly one.
function matches(pattern, text) {
    const source = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*').replace(/\?/g, '.');
    return new RegExp('^' + source + '$').test(text);
}

function collect(object, name, value) {
    if (object[name]) {
        object[name].multiValue = (object[name].multiValue || [{ value: object[name].value }]).concat({ value: value });
    } else {
        object[name] = { value: value };
    }
    return object;
}

function parse(text, separator) {
    return text.split(separator).filter((item) => item).reduce((object, item) => {
        const at = item.indexOf('=');
        return collect(object, at < 0 ? item : item.slice(0, at), at < 0 ? '' : item.slice(at + 1));
    }, {});
}

// The parts of a query string or Cookie header that at least one policy allows, as the viewer wrote them.
function admitted(text, kind, separator, admitting) {
    const rules = admitting.map((policy) => policy[kind + 'sConfig']).map((config) => ({
        all: config[kind + 'Behavior'] === 'all' || config[kind + 'Behavior'] === 'allExcept',
        names: items(config[kind + 's']),
    }));
    const admits = (part) => rules.some((rule) => rule.all !== rule.names.includes(part.split('=')[0]));
    return text.split(separator).filter((part) => part && admits(part)).join(separator);
}

// The query string or the cookies after a function, as text. If the function changed nothing, it is the viewer's text.
function written(object, before, text, separator) {
    if (JSON.stringify(object) === before) {
        return text;
    }
    return Object.keys(object).map((name) =>
        (object[name].multiValue || [object[name]]).map((item) => name + '=' + item.value).join(separator)).join(separator);
}

function queryOf(r) {
    return others(r.variables.request_uri.split('?').slice(1).join('?'), '&');
}

function cookiesOf(r) {
    return others(r.headersIn.Cookie || '', '; ');
}

// Loopback has no geography, so viewers may choose their country: `?laptop-country=GB` sets a cookie of that name. Where
// several regions serve, another cookie tells the page which countries to offer. The edge removes all of them from the
// request.
function others(text, separator) {
    return text.split(separator).filter((part) => part.indexOf('laptop-countr') !== 0).join(separator);
}

function countryCookies(r) {
    const said = /[?&](laptop-country=[A-Z]{2})(?:&|$)/.exec(r.variables.request_uri);
    const known = /(?:^|; )(laptop-countries=[^;]*)/.exec(r.headersIn.Cookie || '') || ['', 'laptop-countries='];
    const offered = 'laptop-countries=' + distribution.countries.join('.');
    const news = (said ? [said[1]] : []).concat(known[1] === offered ? [] : [offered]);
    return news.map((cookie) => cookie + '; Path=/; SameSite=Lax');
}

function countryOf(r) {
    const said = /[?&]laptop-country=([A-Z]{2})(?:&|$)/.exec(r.variables.request_uri)
        || /(?:^|; )laptop-country=([A-Z]{2})(?:;|$)/.exec(r.headersIn.Cookie || '');
    return said ? said[1] : distribution.country;
}

function viewerRequest(r, behaviour) {
    const headers = {};
    r.rawHeadersIn.forEach((pair) => {
        const name = pair[0].toLowerCase();
        if (name !== 'cookie' && name.indexOf('cloudfront-') !== 0) {
            collect(headers, name, pair[1]);
        }
    });
    // CloudFront adds this header for a function only if a policy of the behaviour names it.
    if (policies(behaviour).named.includes('cloudfront-viewer-country')) {
        headers['cloudfront-viewer-country'] = { value: countryOf(r) };
    }
    return {
        method: r.method,
        uri: r.variables.request_uri.split('?')[0],
        querystring: parse(queryOf(r), '&'),
        headers: headers,
        cookies: parse(cookiesOf(r), '; '),
    };
}

function event(r, request, eventType) {
    return {
        version: '1.0',
        context: {
            distributionDomainName: r.variables.server_addr,
            distributionId: distribution.id,
            eventType: eventType,
            requestId: r.variables.request_id,
        },
        viewer: { ip: r.remoteAddress },
        request: request,
    };
}

function generate(r, answer) {
    const headers = answer.headers || {};
    const cookies = answer.cookies || {};
    Object.keys(headers).forEach((name) => {
        r.headersOut[name] = headers[name].value;
    });
    if (Object.keys(cookies).length) {
        r.headersOut['Set-Cookie'] = Object.keys(cookies).map((name) =>
            name + '=' + cookies[name].value + (cookies[name].attributes ? '; ' + cookies[name].attributes : ''));
    }
    r.variables.edge_outcome = 'FunctionGeneratedResponse';
    const body = answer.body || '';
    r.return(answer.statusCode, body.encoding === 'base64' ? Buffer.from(body.data, 'base64') : body.data || body);
}

function refuse(r, status, outcome, reason) {
    r.error('edge: ' + reason);
    r.variables.edge_outcome = outcome;
    r.return(status, reason + '\n');
}

// The origins for a request: those that the function chose, or else the behaviour's origin or origin group.
function target(behaviour, method) {
    const group = groups.find((item) => item.originId === behaviour.targetOriginId);
    const chosen = cf.choice() || {
        origins: group ? group.members.map((member) => member.originId) : [behaviour.targetOriginId],
        codes: group ? group.failoverCriteria.statusCodes.map(String).sort().join(',') : '',
    };
    const upstreams = chosen.origins.map((id) => {
        if (!origins.includes(id)) {
            throw new Error('no origin ' + id + ' in the distribution');
        }
        return 'o' + origins.indexOf(id);
    });
    if (upstreams.length === 1 || !SAFE.includes(method)) {
        return { upstream: upstreams[0], codes: '', suffix: '' };
    }
    const known = distribution.failover.indexOf(chosen.codes);
    if (known < 0) {
        throw new Error('failover on ' + chosen.codes + ': the laptop knows only the codes of declared origin groups');
    }
    return { upstream: upstreams.join('_'), codes: chosen.codes, suffix: '_' + known };
}

function blocked(country) {
    const geo = distribution.inputs.restrictions.geoRestriction;
    return geo.restrictionType !== 'none'
        && (geo.restrictionType === 'whitelist') !== geo.locations.includes(country);
}

function request(r) {
    const v = r.variables;
    const index = distribution.behaviours.findIndex((item) =>
        !item.pathPattern || matches('/' + item.pathPattern.replace(/^\//, ''), r.uri));
    const behaviour = distribution.behaviours[index];
    v.edge_behaviour = index;
    v.edge_country = countryOf(r);
    if (blocked(v.edge_country)) {
        return refuse(r, 403, 'Error', 'the distribution is not offered in ' + v.edge_country);
    }
    if (!behaviour.allowedMethods.includes(r.method)) {
        return refuse(r, 403, 'Error', r.method + ' is not allowed; allowed: ' + behaviour.allowedMethods.join(', '));
    }
    let seen = viewerRequest(r, behaviour);
    const before = [seen.headers, seen.querystring, seen.cookies].map((part) => JSON.stringify(part));
    let chosen;
    try {
        const handler = functionOf(behaviour, 'viewer-request');
        seen = handler ? handler(event(r, seen, 'viewer-request')) : seen;
        if (seen.statusCode) {
            return generate(r, seen);
        }
        chosen = target(behaviour, r.method);
    } catch (e) {
        return refuse(r, 503, 'FunctionExecutionError', String(e));
    }
    if (JSON.stringify(seen.headers) !== before[0] || !/^\/[\x21-\x7e]*$/.test(seen.uri)) {
        return refuse(r, 502, 'FunctionValidationError', 'on the laptop a function may change the path (URL-encoded), the '
            + 'query string and cookies, or choose an origin; not headers');
    }
    const policy = policies(behaviour);
    const path = seen.uri === '/' ? '/' + (distribution.inputs.defaultRootObject || '') : seen.uri;
    const query = written(seen.querystring, before[1], queryOf(r), '&');
    const cookies = written(seen.cookies, before[2], cookiesOf(r), '; ');
    const forwarded = admitted(query, 'queryString', '&', policy.both);
    const accepted = (r.headersIn['Accept-Encoding'] || '').toLowerCase();
    const encodings = [['br', 'Brotli'], ['gzip', 'Gzip']]
        .filter((pair) => policy.key['enableAcceptEncoding' + pair[1]] && accepted.includes(pair[0]))
        .map((pair) => pair[0]).join(',');
    v.edge_upstream = chosen.upstream;
    v.edge_target = path + (forwarded ? '?' + forwarded : '');
    v.edge_bounds = [policy.cache.minTtl, policy.cache.defaultTtl, policy.cache.maxTtl].map((ttl) => ttl || 0).join(',');
    v.edge_failover = chosen.codes;
    v.edge_cache = policy.cache.maxTtl ? 'edge' : 'off';
    v.edge_key = JSON.stringify([
        path,
        admitted(query, 'queryString', '&', [policy.key]),
        admitted(cookies, 'cookie', '; ', [policy.key]),
        policy.keyed.map((name) => (seen.headers[name] || { value: '' }).value),
        encodings,
        v.edge_country,  // each country has its own edge location, which has its own cache
    ]);
    v.edge_cookie = admitted(cookies, 'cookie', '; ', policy.both);
    v.edge_encoding = policy.cache.maxTtl || !policy.forwards('accept-encoding') ? encodings : accepted;
    v.edge_agent = policy.forwards('user-agent') ? r.headersIn['User-Agent'] || '' : 'Amazon CloudFront';
    v.edge_host = policy.forwards('host') ? r.headersIn.Host : '';
    r.internalRedirect('@b' + index + chosen.suffix);
}

// The seconds for which a Cache-Control header lets a shared cache keep a response, or null.
function age(text) {
    const found = /s-maxage=(\d+)/i.exec(text) || /max-age=(\d+)/i.exec(text);
    return found ? Number(found[1]) : null;
}

// Seconds for which CloudFront keeps a response. `bounds` are the cache policy's minimum, default and maximum.
function lifetime(status, cacheControl, expires, bounds) {
    const told = age(cacheControl);
    if (status >= 400) {
        const custom = (distribution.inputs.customErrorResponses || []).find((item) => item.errorCode === status);
        const least = custom && custom.errorCachingMinTtl !== undefined ? custom.errorCachingMinTtl : ERROR_SECONDS;
        const cached = ERRORS_CACHED.includes(status) || (told !== null && ERRORS_CACHED_IF_TOLD.includes(status));
        return cached ? Math.max(least, told || 0) : 0;
    }
    const clamp = (seconds) => Math.max(bounds[0], Math.min(seconds, bounds[2]));
    if (/no-cache|no-store|private/i.test(cacheControl)) {
        return bounds[0];
    }
    if (told !== null) {
        return clamp(told);
    }
    return clamp(expires ? Math.floor((Date.parse(expires) - Date.now()) / 1000) || 0 : bounds[1]);
}

// Handles a response from an origin before it reaches the cache. It writes how long to keep it into X-Accel-Expires, the
// only header that nginx's cache obeys. A response that causes a failover gets no such header, because nginx would use
// it for the second origin's response too.
function originResponse(r) {
    const first = r.variables.server_addr.indexOf('-first.sock') > 0;
    const codes = r.headersIn['X-Edge-Failover'] || '';
    if (first && codes.split(',').includes(String(r.status))) {
        return;
    }
    const bounds = (r.headersIn['X-Edge-Bounds'] || '0,0,0').split(',').map(Number);
    const expires = r.headersOut.Expires;
    r.headersOut['X-Accel-Expires'] = String(lifetime(r.status, r.headersOut['Cache-Control'] || '', expires, bounds));
}

// Delays a request from the viewer's edge location to a distant origin by the round trip.
function travel(r) {
    const origin = /o(\d+)-/.exec(r.variables.server_addr)[1];
    setTimeout(() => r.internalRedirect('@arrived'), Number(r.variables['edge_travel_' + origin]));
}

function outcome(r) {
    const status = r.variables.upstream_cache_status;
    if (r.variables.edge_outcome) {
        return r.variables.edge_outcome;
    }
    if (r.status >= 400) {
        return 'Error';
    }
    return { HIT: 'Hit', STALE: 'Hit', UPDATING: 'Hit', REVALIDATED: 'RefreshHit' }[status] || 'Miss';
}

// The headers that a response headers policy sets, as [name, value, whether it replaces the origin's].
function policyHeaders(policy) {
    const security = policy.securityHeadersConfig || {};
    const values = {
        contentSecurityPolicy: (part) => ['Content-Security-Policy', part.contentSecurityPolicy],
        contentTypeOptions: () => ['X-Content-Type-Options', 'nosniff'],
        frameOptions: (part) => ['X-Frame-Options', part.frameOption],
        referrerPolicy: (part) => ['Referrer-Policy', part.referrerPolicy],
        strictTransportSecurity: (part) => ['Strict-Transport-Security', 'max-age=' + part.accessControlMaxAgeSec
            + (part.includeSubdomains ? '; includeSubDomains' : '') + (part.preload ? '; preload' : '')],
    };
    return Object.keys(security).filter((name) => security[name])
        .map((name) => values[name](security[name]).concat(security[name].override));
}

// Handles every response to a viewer.
function respond(r) {
    const behaviour = behaviourOf(r);
    const policy = policies(behaviour);
    const added = distribution.policies[behaviour.responseHeadersPolicyId];
    const out = r.headersOut;
    const word = outcome(r);
    // If no policy sends cookies to the origin, the origin cannot set any.
    if (!r.variables.edge_outcome && policy.both.every((item) => item.cookiesConfig.cookieBehavior === 'none')) {
        delete out['Set-Cookie'];
    }
    if (added) {
        policyHeaders(added).filter((item) => item[2] || out[item[0]] === undefined).forEach((item) => {
            out[item[0]] = item[1];
        });
    }
    const last = functionOf(behaviour, 'viewer-response');
    if (last && !r.variables.edge_outcome && r.status < 400) {
        const seen = event(r, viewerRequest(r, behaviour), 'viewer-response');
        seen.response = { statusCode: r.status, headers: {} };
        const headers = last(seen).headers;
        Object.keys(headers).forEach((name) => {
            out[name] = headers[name].value;
        });
    }
    const cookies = (out['Set-Cookie'] || []).concat(countryCookies(r));
    if (cookies.length) {
        out['Set-Cookie'] = cookies;
    }
    out['X-Cache'] = word + ' from cloudfront';
    out.Via = '1.1 laptop.cloudfront.net (CloudFront)';
    out['X-Amz-Cf-Id'] = r.variables.request_id;
    if (['HIT', 'STALE', 'UPDATING'].includes(r.variables.upstream_cache_status)) {
        out.Age = String(Math.max(0, Math.floor((Date.now() - Date.parse(r.variables.upstream_http_date)) / 1000)));
    }
}

// One line of the access log. nginx asks for it when the response has been sent.
function log(r) {
    const v = r.variables;
    const asked = (v.upstream_addr || '').match(/o\d+-(?:first|last)\.sock/g) || [];
    const cached = ['HIT', 'STALE', 'UPDATING'].includes(v.upstream_cache_status);
    return JSON.stringify({
        t: Number(v.msec),
        request: v.request_id,
        referer: r.headersIn.Referer || '',
        method: r.method,
        uri: v.request_uri || '',
        status: Number(v.status),
        bytes: Number(v.bytes_sent),
        cache: outcome(r),
        origin: asked.length && !cached ? origins[Number(/\d+/.exec(asked[asked.length - 1])[0])] : null,
        ms: Math.round(Number(v.request_time) * 1000),
        failover: asked.length > 1,
    });
}

export default { request, respond, originResponse, log, lifetime, travel };
