package io.lb4j.okhttp;

import io.lb4j.balancer.Explanation;
import java.util.List;
import okhttp3.Request;

/**
 * Why a call goes where it goes, at one moment. {@link #toString()} is for people.
 *
 * @param rules what was found on the way through the rules, line by line; empty without rules
 * @param routes the names of the routes that apply, in order
 * @param request as it is sent: its host is the service
 * @param instances what the service's balancer makes of it
 */
public record RequestExplanation(List<String> rules, List<String> routes, Request request, Explanation instances) {

    /** Copies the lists. */
    public RequestExplanation {
        rules = List.copyOf(rules);
        routes = List.copyOf(routes);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        rules.forEach(each -> text.append(each).append('\n'));
        return text.append(request.method())
                .append(' ')
                .append(request.url())
                .append('\n')
                .append(instances)
                .toString();
    }
}
