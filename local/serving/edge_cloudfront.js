// The laptop's stand-in for the module that CloudFront Functions import as 'cloudfront'.
// Argument shapes: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/helper-functions-origin-modification.html
// nginx makes a new JavaScript engine for each request, so `choice` belongs to one request.

let choice = null;

function known(id) {
    if (typeof id !== 'string' || !id) {
        throw new Error('an origin id must be a string, got ' + JSON.stringify(id));
    }
    return id;
}

function refuse(what) {
    return () => {
        throw new Error(what + ' has no counterpart on the laptop');
    };
}

export default {
    selectRequestOriginById: (id, overrides) => {
        if (overrides !== undefined) {
            refuse('an origin override')();
        }
        choice = { origins: [known(id)], codes: '' };
    },
    createRequestOriginGroup: (group) => {
        if (!Array.isArray(group.originIds) || group.originIds.length !== 2) {
            throw new Error('originIds must name exactly two origins');
        }
        if ((group.selectionCriteria || 'default') !== 'default') {
            refuse('selectionCriteria ' + group.selectionCriteria)();
        }
        choice = {
            // AWS's guide shows objects. Its text also describes strings, and they work.
            origins: group.originIds.map((item) => known(item && item.originId ? item.originId : item)),
            codes: group.failoverCriteria.statusCodes.map(String).sort().join(','),
        };
    },
    updateRequestOrigin: refuse('updateRequestOrigin()'),
    kvs: refuse('a KeyValueStore'),
    choice: () => choice,
};
