// Runs at viewer request, for every path. It refuses a path that the platform does not have, before CloudFront caches an
// answer for it. For media, it sends viewers to the nearest point of presence that is not home, with the home bucket as the
// second origin. All other viewers keep the behaviour's own origin group: home, with the same bucket.
//
// AWS describes the methods here, and says that a VPC origin may be a member of a group:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/helper-functions-origin-modification.html
// The country is known only if the behaviour's origin request policy names CloudFront-Viewer-Country.
// viewer_request.py inserts the data: {"prefix": "/v/", "api": "/api/", "media": a regular expression, "other": another,
// "page": the HTML of the page "Not found", "style": the hash of its style, "failover": [403, ...],
// "countries": {"eu-west-1": "FR GB IE", ...}}.

import cf from 'cloudfront';

const data = __DATA__;
const media = new RegExp('^(?:' + data.media + ')$');
const other = new RegExp('^(?:' + data.other + ')$');

// The answer is a line of text for programs, and a page for people. It repeats the headers of the behaviour's policy,
// because AWS does not document that CloudFront adds them to the answer of a function.
function refused(program) {
    const headers = {
        'content-type': { value: program ? 'text/plain' : 'text/html; charset=utf-8' },
        'cache-control': { value: 'no-cache' },
        'content-security-policy': { value: "default-src 'none'; frame-ancestors 'none'; style-src " + data.style },
        'x-content-type-options': { value: 'nosniff' },
    };
    return { statusCode: 404, statusDescription: 'Not Found', headers: headers, body: program ? 'No such path\n' : data.page };
}

function handler(event) {
    const request = event.request;
    const isMedia = request.uri.startsWith(data.prefix);
    if (!(isMedia ? media : other).test(request.uri)) {
        return refused(isMedia || request.uri.startsWith(data.api));
    }
    const country = request.headers['cloudfront-viewer-country'];
    const region = country && Object.keys(data.countries).find((name) => data.countries[name].includes(country.value));
    if (isMedia && region) {
        cf.createRequestOriginGroup({
            originIds: [{ originId: 'pop-' + region }, { originId: 'media' }],
            failoverCriteria: { statusCodes: data.failover },
        });
    }
    return request;
}
