package io.lb4j.okhttp.rules;

/**
 * What came of one route in one client so far.
 *
 * @param name the route's
 * @param calls calls to which it applied
 * @param mirrored copies of them that were sent
 * @param mirrorFailures how many of those got no answer
 * @param mirrorsDropped copies that were not sent: the body can't be sent twice, or too many were under way
 */
public record RouteReport(String name, long calls, long mirrored, long mirrorFailures, long mirrorsDropped) {}
