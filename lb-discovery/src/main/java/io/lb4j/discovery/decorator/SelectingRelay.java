package io.lb4j.discovery.decorator;

import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceDiscovery.Listener;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.internal.Bulletin;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Passes on what becomes of each instance; what went wrong with one is a complaint, and the others are used. */
final class SelectingRelay extends Relay implements Listener {
    private final ServiceDiscovery source;
    private final Bulletin bulletin;
    private final Selection selection;

    /** What becomes of an instance. */
    @FunctionalInterface
    interface Selection {
        /**
         * Null if it is left out, as it should be.
         *
         * @throws RuntimeException if it is left out because something is wrong with it; the message says what
         */
        @Nullable
        ServiceInstance apply(ServiceInstance instance);
    }

    private SelectingRelay(ServiceDiscovery source, String service, Bulletin bulletin, Selection selection) {
        super(service, bulletin.watchers());
        this.source = source;
        this.bulletin = bulletin;
        this.selection = selection;
    }

    static SelectingRelay of(ServiceDiscovery source, String service, String name, Selection selection) {
        return new SelectingRelay(source, service, new Bulletin(name, service), selection);
    }

    @Override
    public void start() {
        open(source, this);
    }

    @Override
    public void onInstances(List<ServiceInstance> instances) {
        Map<String, ServiceInstance> byId = new HashMap<>();
        List<ServiceInstance> selected = new ArrayList<>(instances.size());
        List<String> complaints = new ArrayList<>();
        for (ServiceInstance instance : instances) {
            try {
                ServiceInstance found = selection.apply(instance);
                if (found == null) {
                    continue;
                }
                ServiceInstance twin = byId.putIfAbsent(found.id(), found);
                if (twin == null) {
                    selected.add(found);
                } else {
                    complaints.add("instance " + found.id() + " at " + found.authority() + " is left out, since "
                            + twin.authority() + " has that id too");
                }
            } catch (RuntimeException e) {
                complaints.add("instance " + instance.id() + " is left out: " + e.getMessage());
            }
        }
        bulletin.instances(selected, complaints);
    }

    @Override
    public void onUnknownService(String detail) {
        watchers().unknown(detail);
        watchers().flush();
    }

    @Override
    public void onError(Throwable error) {
        watchers().error(error);
        watchers().flush();
    }

    @Override
    public void onComplaint(Throwable complaint) {
        passOn(complaint);
    }
}
