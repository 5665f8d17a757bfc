package io.lb4j.discovery.internal;

import io.lb4j.ServiceInstance;
import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What is known of one service at one source, told to those who watch it: each trouble once per outage, the last good
 * list again when the outage is over, and each complaint about part of a list once until a list gives no cause for one. Listeners run on the caller's thread, which must hold no lock. Thread-safe, but what
 * is told must come one at a time, as it is the newest that counts.
 */
public final class Bulletin {
    /** How many complaints about one answer a message has. */
    private static final int SHOWN = 5;

    private static final System.Logger LOG = System.getLogger("io.lb4j.discovery");

    private final String source;
    private final String service;
    private final Watchers watchers;
    private final Troubles troubles = new Troubles();
    private final Troubles objections = new Troubles();

    /**
     * Of a service of which nothing is known.
     *
     * @param source the source's name and address, as messages name it
     */
    public Bulletin(String source, String service) {
        this.source = source;
        this.service = service;
        this.watchers = new Watchers(service);
    }

    /** Who is told. */
    public Watchers watchers() {
        return watchers;
    }

    /** The instances told last, whatever went wrong since; null if none were. */
    public @Nullable List<ServiceInstance> lastInstances() {
        return watchers.lastInstances();
    }

    /**
     * The source lists these.
     *
     * @param complaints about parts of the answer that were left out; if all of it was, that is a trouble, and the last list
     *     stays in force, since nothing that can be understood isn't the same as nothing
     */
    public void instances(List<ServiceInstance> instances, List<String> complaints) {
        if (instances.isEmpty() && !complaints.isEmpty()) {
            trouble(told(complaints));
            return;
        }
        watchers.instances(List.copyOf(instances));
        settle(complaints);
    }

    /**
     * The source is well and has no service of that name.
     *
     * @param detail what the source said
     */
    public void unknown(String detail) {
        watchers.unknown(source + " has no service '" + service + "': " + detail);
        settle(List.of());
    }

    private void settle(List<String> complaints) {
        if (troubles.clear()) {
            LOG.log(System.Logger.Level.INFO, service + ": " + source + " answers again");
        }
        if (complaints.isEmpty()) {
            objections.clear();
            watchers.noComplaint();
        } else {
            complain(told(complaints));
        }
        watchers.flush();
    }

    private void complain(IOException complaint) {
        if (objections.add(String.valueOf(complaint.getMessage()))) {
            LOG.log(System.Logger.Level.WARNING, service + ": " + complaint.getMessage() + "; the rest is used");
            watchers.complaint(complaint);
        }
    }

    private IOException told(List<String> complaints) {
        String rest = complaints.size() > SHOWN ? "; and " + (complaints.size() - SHOWN) + " more" : "";
        return new IOException(complaints.stream().limit(SHOWN).collect(Collectors.joining("; ", source + ": ", rest)));
    }

    /** The source could not be asked or understood; the last list stays in force. */
    public void trouble(IOException error) {
        if (troubles.add(String.valueOf(error.getMessage()))) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    service + ": " + error.getMessage()
                            + (lastInstances() == null ? "; no list is known" : "; the last good list stays in force"));
            watchers.error(error);
        }
        watchers.flush();
    }
}
