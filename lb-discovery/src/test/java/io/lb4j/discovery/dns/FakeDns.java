package io.lb4j.discovery.dns;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

/** A server that says what a test wants, right or wrong, over UDP and TCP of one port. */
final class FakeDns implements AutoCloseable {
    /** Every question, as {@code name type} and {@code tcp} or {@code plain} if it was. */
    final List<String> asked = new CopyOnWriteArrayList<>();

    private final DatagramSocket udp;
    private final ServerSocket tcp;
    private final Map<String, Answer> answers = new ConcurrentHashMap<>();

    /** What is done to an answer before it is sent; may return other bytes, or null for silence. */
    volatile Twist twist = (query, answer, overTcp) -> answer.toWire();

    interface Twist {
        byte[] bend(Message query, Message answer, boolean overTcp) throws IOException;
    }

    private record Answer(int rcode, List<Record> answer, List<Record> authority, List<Record> additional) {}

    FakeDns() throws IOException {
        DatagramSocket datagrams = null;
        ServerSocket connections = null;
        for (int attempt = 0; connections == null; attempt++) {
            datagrams = new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            try {
                connections = new ServerSocket(datagrams.getLocalPort(), 50, InetAddress.getLoopbackAddress());
            } catch (IOException e) {
                datagrams.close();
                if (attempt == 20) {
                    throw e;
                }
            }
        }
        udp = datagrams;
        tcp = connections;
        start(this::datagrams);
        start(this::connections);
    }

    private static void start(Runnable loop) {
        Thread thread = new Thread(loop, "fake-dns");
        thread.setDaemon(true);
        thread.start();
    }

    String address() {
        return "127.0.0.1:" + udp.getLocalPort();
    }

    /** Records in the format of zone files: {@code name ttl class type data}. */
    static List<Record> records(String... lines) {
        List<Record> records = new ArrayList<>();
        for (String line : lines) {
            String[] parts = line.split(" ", 5);
            try {
                records.add(Record.fromString(
                        Name.fromString(parts[0]),
                        Type.value(parts[3]),
                        1,
                        Long.parseLong(parts[1]),
                        parts[4],
                        Name.root));
            } catch (IOException e) {
                throw new IllegalArgumentException(line, e);
            }
        }
        return records;
    }

    /** Sets what is said to a question, as {@code "orders.test. SRV"}. */
    void answer(String question, String... records) {
        answers.put(question, new Answer(Rcode.NOERROR, records(records), List.of(), List.of()));
    }

    void answer(String question, List<Record> answer, List<Record> additional) {
        answers.put(question, new Answer(Rcode.NOERROR, answer, List.of(), additional));
    }

    void refuse(String question, int rcode, String... authority) {
        answers.put(question, new Answer(rcode, List.of(), records(authority), List.of()));
    }

    private byte[] respond(byte[] wire, boolean overTcp) throws IOException {
        Message query = new Message(wire);
        String question = query.getQuestion().getName() + " "
                + Type.string(query.getQuestion().getType());
        asked.add(question + (overTcp ? " tcp" : "") + (query.getOPT() == null ? " plain" : ""));
        Answer said = answers.getOrDefault(
                question,
                new Answer(
                        Rcode.NXDOMAIN, List.of(), records("test. 60 IN SOA ns.test. h.test. 1 1 1 1 30"), List.of()));
        Message answer = new Message(query.getHeader().getID());
        answer.getHeader().setFlag(Flags.QR);
        answer.getHeader().setRcode(said.rcode);
        answer.addRecord(query.getQuestion(), Section.QUESTION);
        said.answer.forEach(each -> answer.addRecord(each, Section.ANSWER));
        said.authority.forEach(each -> answer.addRecord(each, Section.AUTHORITY));
        said.additional.forEach(each -> answer.addRecord(each, Section.ADDITIONAL));
        return twist.bend(query, answer, overTcp);
    }

    private void datagrams() {
        byte[] buffer = new byte[65_535];
        while (!udp.isClosed()) {
            try {
                DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                udp.receive(packet);
                byte[] answer = respond(Arrays.copyOf(buffer, packet.getLength()), false);
                if (answer != null) {
                    udp.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
                }
            } catch (IOException e) {
                // Closed, or the client has gone.
            }
        }
    }

    private void connections() {
        while (!tcp.isClosed()) {
            try (Socket socket = tcp.accept()) {
                DataInputStream in = new DataInputStream(socket.getInputStream());
                byte[] answer = respond(in.readNBytes(in.readUnsignedShort()), true);
                if (answer != null) {
                    DataOutputStream out = new DataOutputStream(socket.getOutputStream());
                    out.writeShort(answer.length);
                    out.write(answer);
                    out.flush();
                }
                // Until the client closes: an end would be an answer, too.
                in.read();
            } catch (IOException e) {
                // Closed, or the client has gone.
            }
        }
    }

    @Override
    public void close() throws IOException {
        udp.close();
        tcp.close();
    }

    static Record question(String name) {
        return Record.newRecord(name(name), Type.A, 1);
    }

    static Name name(String text) {
        try {
            return Name.fromString(text);
        } catch (TextParseException e) {
            throw new IllegalArgumentException(text, e);
        }
    }
}
