import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.client.producer.TransactionListener;
import org.apache.rocketmq.client.producer.TransactionMQProducer;
import org.apache.rocketmq.client.producer.TransactionSendResult;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * Sends numbered messages in transactions and answers checks; writes one JSON line for each send and each check. What becomes of
 * a message is in its number: of four, the first is committed, the second rolled back; of the others the sender does not know,
 * and the check says commit for the third and rollback for the fourth.
 * Arguments: nameServer topic group from count output mode timeoutSeconds. Mode: run (sends, then waits for the checks), leave
 * (sends, knows of none how it went, and is gone), check (answers checks until it was asked about every message).
 */
public class Transact {
    static int run(String[] args) throws Exception {
        String topic = args[1];
        int from = Integer.parseInt(args[3]);
        int count = Integer.parseInt(args[4]);
        String mode = args[6];
        Set<Integer> checked = ConcurrentHashMap.newKeySet();
        PrintWriter out = new PrintWriter(args[5], "UTF-8");
        TransactionMQProducer producer = new TransactionMQProducer(args[2]);
        producer.setHeartbeatBrokerInterval(1000);
        producer.setPollNameServerInterval(1000);
        producer.setTransactionListener(new TransactionListener() {
            @Override
            public LocalTransactionState executeLocalTransaction(Message message, Object seq) {
                return mode.equals("leave") ? LocalTransactionState.UNKNOW : stateOf((Integer) seq, false);
            }

            @Override
            public LocalTransactionState checkLocalTransaction(MessageExt message) {
                int seq = Integer.parseInt(message.getUserProperty("seq"));
                line(out, String.format("{\"check\":%d,\"topic\":\"%s\",\"queueId\":%d,\"msgId\":\"%s\",\"body\":\"%s\"}", seq,
                    message.getTopic(), message.getQueueId(), message.getTransactionId(),
                    new String(message.getBody(), StandardCharsets.UTF_8)));
                checked.add(seq);
                return stateOf(seq, true);
            }
        });
        Producers.start(producer, args[0]);
        Producers.awaitRoute(producer, mode.equals("check") ? topic : "TBW102");
        if (mode.equals("check")) {
            // A producer sends heartbeats to the brokers it has sent to.
            producer.send(new Message("TransactHello", "hello".getBytes(StandardCharsets.UTF_8)));
        }
        for (int seq = from; seq < from + count && !mode.equals("check"); seq++) {
            Message message = new Message(topic, "tag" + seq % 3, "key" + seq, ("m" + seq + ";\u00fc\u4e2d").getBytes(StandardCharsets.UTF_8));
            message.putUserProperty("seq", String.valueOf(seq));
            message.setFlag(seq % 7);
            TransactionSendResult result = producer.sendMessageInTransaction(message, seq);
            line(out, String.format("{\"sent\":%d,\"status\":\"%s\",\"state\":\"%s\",\"msgId\":\"%s\",\"transactionId\":\"%s\"}", seq,
                result.getSendStatus(), result.getLocalTransactionState(), result.getMsgId(), result.getTransactionId()));
        }
        if (!mode.equals("leave")) {
            long deadline = System.currentTimeMillis() + Long.parseLong(args[7]) * 1000;
            while (!hasAll(checked, from, count, mode) && System.currentTimeMillis() < deadline) {
                Thread.sleep(50);
            }
            // The answers to the last checks are on their way.
            Thread.sleep(1000);
        }
        out.close();
        // Gone as it is: without a word to the broker.
        Runtime.getRuntime().halt(0);
        return 0;
    }

    private static boolean hasAll(Set<Integer> checked, int from, int count, String mode) {
        for (int seq = from; seq < from + count; seq++) {
            if ((mode.equals("check") || seq % 4 >= 2) && !checked.contains(seq)) {
                return false;
            }
        }
        return true;
    }

    private static LocalTransactionState stateOf(int seq, boolean isCheck) {
        switch (seq % 4) {
            case 0:
                return LocalTransactionState.COMMIT_MESSAGE;
            case 1:
                return LocalTransactionState.ROLLBACK_MESSAGE;
            case 2:
                return isCheck ? LocalTransactionState.COMMIT_MESSAGE : LocalTransactionState.UNKNOW;
            default:
                return isCheck ? LocalTransactionState.ROLLBACK_MESSAGE : LocalTransactionState.UNKNOW;
        }
    }

    private static void line(PrintWriter out, String text) {
        synchronized (out) {
            out.println(text);
            out.flush();
        }
    }
}
