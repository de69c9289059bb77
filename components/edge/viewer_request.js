// Viewer request, on every path: what is no path of ours is refused here, before a cache entry is made of it. Of media,
// a viewer whose nearest point of presence is not the home one is sent there, with the home bucket behind it. Everyone
// else keeps the behaviour's own origin group, which is the home one with the same bucket.
//
// The methods, and that a VPC origin may be a member:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/helper-functions-origin-modification.html
// The country is there only while the behaviour's origin request policy names CloudFront-Viewer-Country.
// viewer_request.py puts the data in: {"prefix": "/v/", "api": "/api/", "media": a regular expression, "other": another,
// "page": what a person reads where nothing is, "failover": [403, ...], "countries": {"eu-west-1": "FR GB IE", ...}}.

import cf from 'cloudfront';

const data = __DATA__;
const media = new RegExp('^(?:' + data.media + ')$');
const other = new RegExp('^(?:' + data.other + ')$');

// A program reads a line, and a person a page. The headers of the behaviour's policy are said again: that CloudFront adds
// them to what a function answers is not written anywhere.
function refused(program) {
    const headers = {
        'content-type': { value: program ? 'text/plain' : 'text/html; charset=utf-8' },
        'cache-control': { value: 'no-cache' },
        'content-security-policy': { value: "default-src 'none'; frame-ancestors 'none'" },
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
