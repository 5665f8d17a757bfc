package io.lb4j.discovery.internal;

import io.lb4j.ServiceInstance;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What every source demands of addresses and lists. */
public final class Addresses {
    private static final String RULE = " (expected: host:port, an IPv6 address in brackets)";

    private Addresses() {}

    /** The instance at {@code host:port}, everything else at its default. */
    public static ServiceInstance parse(String address) {
        int colon = address.lastIndexOf(':');
        if (colon < 1) {
            throw new IllegalArgumentException("address: " + address + RULE);
        }
        String host = address.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        } else if (host.indexOf(':') >= 0) {
            throw new IllegalArgumentException("address: " + address + RULE);
        }
        int port;
        try {
            port = Integer.parseInt(address.substring(colon + 1));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("address: " + address + RULE, e);
        }
        return ServiceInstance.of(host, port);
    }

    /** A copy of the list, which must not have one id twice. */
    public static List<ServiceInstance> unique(String service, List<ServiceInstance> instances) {
        Map<String, ServiceInstance> byId = new HashMap<>();
        for (ServiceInstance instance : instances) {
            ServiceInstance twin = byId.put(instance.id(), instance);
            if (twin != null) {
                throw new IllegalArgumentException(service + ": id " + instance.id() + " at " + twin.authority()
                        + " and " + instance.authority() + " (expected: ids that are unique within the service)");
            }
        }
        return List.copyOf(instances);
    }
}
