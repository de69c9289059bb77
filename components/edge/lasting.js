// CloudFront runs this on what it sends to a viewer, but for errors of an origin (400 and above). It says how long a
// browser may keep what lies under a version's path, which never changes. A node says so too; the bucket does not, as
// MediaConvert writes its objects without a Cache-Control.
function handler(event) {
    var response = event.response;
    if ([200, 206, 304].includes(response.statusCode)) {
        response.headers['cache-control'] = { value: 'public, max-age=31536000, immutable' };
    }
    return response;
}
