// CloudFront runs this on each answer to a viewer, unless the origin answered with an error (400 and above). It
// says how long a browser may keep a rendition, which never changes under its path. A node says so too, but not
// for each range. The bucket does not: MediaConvert writes its objects without a Cache-Control.
function handler(event) {
    var response = event.response;
    if ([200, 206, 304].includes(response.statusCode)) {
        response.headers['cache-control'] = { value: 'public, max-age=31536000, immutable' };
    }
    return response;
}
