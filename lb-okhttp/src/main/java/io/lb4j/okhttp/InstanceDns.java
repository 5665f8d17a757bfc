package io.lb4j.okhttp;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.function.Predicate;
import okhttp3.Dns;

/**
 * Answers for one service with one address that stands for one instance, and leaves every other name to the user's own
 * Dns. The object is the instance's identity for OkHttp: connections are shared between calls whose Dns is equal, and
 * coalesced only within them, so there is one for each instance and address and it compares by identity.
 */
final class InstanceDns implements Dns {
    private final String host;
    private final List<InetAddress> answer;
    private final Dns others;
    private final Predicate<String> isService;

    InstanceDns(String host, InetAddress marker, Dns others, Predicate<String> isService) {
        this.host = host;
        this.answer = List.of(marker);
        this.others = others;
        this.isService = isService;
    }

    @Override
    public List<InetAddress> lookup(String hostname) throws UnknownHostException {
        if (hostname.equals(host)) {
            return answer;
        }
        if (isService.test(hostname)) {
            throw new RedirectedToService(host, hostname);
        }
        return others.lookup(hostname);
    }

    /**
     * A redirect leads to another service, which this call's connections can't reach: the interceptor catches it and
     * makes a balanced call of it.
     */
    static final class RedirectedToService extends UnknownHostException {
        private static final long serialVersionUID = 1;

        private final String to;

        RedirectedToService(String from, String to) {
            super("service " + from + " redirected to service " + to);
            this.to = to;
        }

        String to() {
            return to;
        }
    }
}
