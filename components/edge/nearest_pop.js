// Viewer request on /v/*: a viewer whose nearest point of presence is not the home one is sent there, with the home
// bucket behind it. Everyone else keeps the behaviour's own origin group, which is the home one with the same bucket.
//
// The methods, and that a VPC origin may be a member:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/helper-functions-origin-modification.html
// The country is there only while the behaviour's origin request policy names CloudFront-Viewer-Country.
// nearest_pop.py puts the data in: {"failover": [403, ...], "countries": {"eu-west-1": "FR GB IE", ...}}.

import cf from 'cloudfront';

const data = __DATA__;

function handler(event) {
    const country = event.request.headers['cloudfront-viewer-country'];
    const region = country && Object.keys(data.countries).find((name) => data.countries[name].includes(country.value));
    if (region) {
        cf.createRequestOriginGroup({
            originIds: [{ originId: 'pop-' + region }, { originId: 'media' }],
            failoverCriteria: { statusCodes: data.failover },
        });
    }
    return event.request;
}
