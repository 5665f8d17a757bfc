package io.lb4j.okhttp;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.crypto.Cipher;
import javax.crypto.EncryptedPrivateKeyInfo;
import javax.crypto.SecretKey;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import org.jspecify.annotations.Nullable;

/** Reads certificates and keys in PEM (RFC 7468), by what the JDK has. Errors name the file and say what to do. */
final class Pem {
    private static final String BEGIN = "-----BEGIN ";
    private static final String END = "-----END ";
    private static final String DASHES = "-----";

    private Pem() {}

    /** What was wrong with a file; the message says which and what to do. */
    static final class PemException extends Exception {
        private static final long serialVersionUID = 1;

        PemException(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }

    private static final class Block {
        final String label;
        final byte[] content;

        Block(String label, byte[] content) {
            this.label = label;
            this.content = content;
        }
    }

    /**
     * The certificates of a file, in its order.
     *
     * @throws PemException if there is none, or something that is not a whole certificate
     */
    static List<X509Certificate> certificates(String file, String text) throws PemException {
        List<X509Certificate> all = new ArrayList<>();
        for (Block block : blocks(file, text)) {
            if (!block.label.equals("CERTIFICATE")) {
                continue;
            }
            try {
                all.add((X509Certificate) CertificateFactory.getInstance("X.509")
                        .generateCertificate(new ByteArrayInputStream(block.content)));
            } catch (GeneralSecurityException | ClassCastException e) {
                throw new PemException(
                        file + ": certificate " + (all.size() + 1) + " can't be read (expected: X.509 in PEM)", e);
            }
        }
        if (all.isEmpty()) {
            throw new PemException(file + ": no certificate (expected: " + BEGIN + "CERTIFICATE" + DASHES + ")", null);
        }
        return all;
    }

    /**
     * The one private key of a file.
     *
     * @param owner the public key that it belongs to, which says of what kind it is
     * @throws PemException if there is none, it can't be read, or it belongs to another certificate
     */
    static PrivateKey key(String file, String text, @Nullable String password, PublicKey owner) throws PemException {
        for (Block block : blocks(file, text)) {
            PrivateKey key = switch (block.label) {
                case "PRIVATE KEY" -> key(file, new PKCS8EncodedKeySpec(block.content), owner);
                case "ENCRYPTED PRIVATE KEY" -> key(file, decrypted(file, block.content, password), owner);
                case "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY" ->
                    throw new PemException(
                            file + ": a key as '" + block.label + "' (expected: PKCS #8, which `openssl pkcs8 -topk8"
                                    + " -nodes -in " + file + "` makes of it)",
                            null);
                default -> null;
            };
            if (key != null) {
                if (!matches(key, owner)) {
                    throw new PemException(
                            file + ": the key of another certificate (expected: of the first one in the chain; were"
                                    + " both files renewed?)",
                            null);
                }
                return key;
            }
        }
        throw new PemException(file + ": no key (expected: " + BEGIN + "PRIVATE KEY" + DASHES + ")", null);
    }

    private static PrivateKey key(String file, PKCS8EncodedKeySpec spec, PublicKey owner) throws PemException {
        try {
            return KeyFactory.getInstance(owner.getAlgorithm()).generatePrivate(spec);
        } catch (GeneralSecurityException e) {
            throw new PemException(
                    file + ": can't be read as the " + owner.getAlgorithm()
                            + " key of the certificate (expected: PKCS #8" + " of that kind): " + e.getMessage(),
                    e);
        }
    }

    private static PKCS8EncodedKeySpec decrypted(String file, byte[] content, @Nullable String password)
            throws PemException {
        if (password == null) {
            throw new PemException(
                    file + ": an encrypted key (expected: a password by keyPassword, or a key that is not encrypted)",
                    null);
        }
        try {
            EncryptedPrivateKeyInfo info = new EncryptedPrivateKeyInfo(content);
            // Of PBES2 the name alone says nothing; the parameters know which.
            String algorithm =
                    info.getAlgName().equals("PBES2") || info.getAlgName().startsWith("1.")
                            ? String.valueOf(info.getAlgParameters())
                            : info.getAlgName();
            PBEKeySpec spec = new PBEKeySpec(password.toCharArray());
            try {
                SecretKey secret = SecretKeyFactory.getInstance(algorithm).generateSecret(spec);
                Cipher cipher = Cipher.getInstance(algorithm);
                cipher.init(Cipher.DECRYPT_MODE, secret, info.getAlgParameters());
                return info.getKeySpec(cipher);
            } finally {
                spec.clearPassword();
            }
        } catch (GeneralSecurityException | IOException e) {
            throw new PemException(
                    file + ": the key can't be decrypted (expected: the right keyPassword, and PBES2 as `openssl pkcs8"
                            + " -topk8 -v2 aes-256-cbc` writes it): " + e.getMessage(),
                    e);
        }
    }

    /** Signs something and looks whether the other half agrees. */
    private static boolean matches(PrivateKey key, PublicKey owner) throws PemException {
        String algorithm = switch (owner.getAlgorithm()) {
            case "RSA" -> "SHA256withRSA";
            case "EC" -> "SHA256withECDSA";
            case "DSA" -> "SHA256withDSA";
            default -> owner.getAlgorithm();
        };
        byte[] probe = "lb4j".getBytes(StandardCharsets.US_ASCII);
        try {
            Signature signature = Signature.getInstance(algorithm);
            signature.initSign(key);
            signature.update(probe);
            byte[] signed = signature.sign();
            signature.initVerify(owner);
            signature.update(probe);
            return signature.verify(signed);
        } catch (GeneralSecurityException e) {
            throw new PemException("a key of kind " + owner.getAlgorithm() + " can't be used: " + e.getMessage(), e);
        }
    }

    private static List<Block> blocks(String file, String text) throws PemException {
        List<Block> all = new ArrayList<>();
        int at = text.indexOf(BEGIN);
        while (at >= 0) {
            int labelEnd = text.indexOf(DASHES, at + BEGIN.length());
            String label = labelEnd < 0 ? "" : text.substring(at + BEGIN.length(), labelEnd);
            int end = labelEnd < 0 ? -1 : text.indexOf(END + label + DASHES, labelEnd);
            if (end < 0) {
                throw new PemException(
                        file + ": ends in the middle of a block (expected: " + END + label + DASHES
                                + "; is it being written?)",
                        null);
            }
            try {
                all.add(new Block(
                        label, Base64.getMimeDecoder().decode(text.substring(labelEnd + DASHES.length(), end))));
            } catch (IllegalArgumentException e) {
                throw new PemException(file + ": a block that is not Base64 (expected: PEM)", e);
            }
            at = text.indexOf(BEGIN, end);
        }
        return all;
    }
}
