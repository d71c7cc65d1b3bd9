/*
 * Who may run: two hosts, each primary or backup of one group, and a witness that keeps one record changed by
 * compare-and-set only. README.md says what is in it; `check` runs it.
 *
 * Every run of this model ends: each fault, each wrong suspicion and each epoch is drawn from a budget. So "no bad last
 * state, and no cycle" is progress, without any assumption of fairness.
 */

#ifndef EPOCHS
#define EPOCHS 3        /* checkpoints that are ever made */
#endif
#ifndef COPIES
#define COPIES 2        /* full copies that are ever begun */
#endif
#ifndef CRASHES
#define CRASHES 1       /* deaths: an agent, a host, a guest, the witness, or a cut for good */
#endif
#ifndef LOSSES
#define LOSSES 1        /* messages lost */
#endif
#ifndef DOUBTS
#define DOUBTS 1        /* suspicions and time-outs while all is well */
#endif
#ifndef REFUSALS
#define REFUSALS 1      /* copies that cannot be loaded or cannot be run */
#endif
#ifndef OFFS
#define OFFS 1          /* the guest's owner switches it off */
#endif

#ifndef SWITCHOVERS
#define SWITCHOVERS 0   /* an operator moves the group to the other host */
#endif

/* What the host's decision core is in while the record, or the host's own, makes it the primary. */
mtype:primary = {
    P_RETURNING,    /* the agent has started: output held until the witness has answered */
    P_ALONE,        /* the record says ALONE(self): output flows, no copy can win */
    P_COVERING,     /* output held from epoch k on, the ack of k awaited; nothing handed over: may reopen */
    P_ENTERING,     /* ALONE(self) -> PROTECTED handed over: output held until the outcome is known */
    P_PROTECTED,    /* output leaves by acks alone */
    P_HOLDING,      /* acks are missing: output held; may change its mind until it claims */
    P_CLAIMING,     /* -> ALONE(self) handed over: output held until the outcome is known */
    P_BY_PROMISE,   /* output flows by the backup's persisted promise, the witness being away */
    P_SUSPENDED,    /* lost: guest suspended until the winner has recorded RUNNING or handed back */
    P_HANDING_OVER, /* switchover: guest suspended, all acked; PROTECTED -> ALONE(other) persisted, then handed over */
    P_STOPPING,     /* the guest's owner switched it off: -> OFF persisted, then handed over */
    P_OFF           /* the record says OFF */
};

/* What the host's decision core is in while it is the backup. */
mtype:backup = {
    B_EMPTY,        /* no copy that could run: none yet, given up, or lost with the host's memory */
    B_STANDBY,      /* a complete copy of one incarnation; acknowledges */
    B_LOADING,      /* suspects: acks stopped, epoch chosen, the copy is being loaded to paused; revocable */
    B_ASKING,       /* loaded; looks for the record that names this copy; revocable */
    B_CLAIMING,     /* PROTECTED -> ALONE(self) persisted, then handed over: no ack of this copy ever again */
    B_ACTIVATING,   /* won: about to run */
    B_HANDING_BACK, /* won but cannot run, and never ran: -> ALONE(other) persisted, then handed over */
    B_ACTIVE        /* ran is persisted, the guest runs, output flows; RUNNING is being recorded */
};

mtype:mode = { ALONE, PROTECTED, OFF };
mtype:cas = { TO_ALONE, TO_WON, TO_PROTECTED, TO_OFF, TO_OTHER };
mtype:word = { SEED, EPOCH, ACK, ASK, PROMISE };
mtype:reply = { DONE, REFUSED };

#define other(h) (1 - (h))

/* --- the witness's record; every write raises the term -------------------------------------------------------------- */
mtype:mode mode = ALONE;
byte term = 1;
bit owner;              /* ALONE: who; PROTECTED: the primary */
byte named;             /* PROTECTED: the incarnation of the copy that may win */
bool running = true;    /* ALONE: the owner has recorded that the guest runs */

/* --- per host: what survives the host (on disk) --------------------------------------------------------------------- */
mtype:primary p[2];     /* 0 while the host is backup */
mtype:backup b[2];      /* 0 while the host is primary */
byte hist[2];           /* last epoch that this host's guest, copy or disk contains */
byte inc[2];            /* last incarnation sent or received */
byte known[2];          /* the term that the next, or the outstanding, compare-and-set compares with */
bool claimed[2];        /* backup: a claim was handed over, its end is not known */
/* --- what survives the agent, not the host --- */
bool whole[2];          /* primary: the guest lives; backup: the copy is complete */
/* --- what dies with the agent --- */
mtype:reply reply[2];   /* the witness's answer to the outstanding compare-and-set */

/* --- faults --- */
bool up[2] = true;
bool returns[2] = true; /* a host or agent that is down comes back */
bool witnessUp = true;
bool witnessReturns = true;
bool linkTo[2] = true;  /* from the other host to this one */
bool reach[2] = true;   /* between a host and the witness */
byte crashes = CRASHES, losses = LOSSES, doubts = DOUBTS, refusals = REFUSALS, offs = OFFS, switchovers = SWITCHOVERS;
byte nonce;

/* --- ghosts: only looked at by assertions --- */
/* Never true: they name the rule in what the checker prints. */
hidden byte TWO_SPEAK, SEEN_OUTPUT_IS_LOST, LOST_OUTPUT_LEAVES, SWITCHED_OFF_RUNS, GRANT_BROKEN, NOT_SERVED;
#define ALL 255
byte released;          /* highest epoch whose output the world has seen */
byte valid[2] = ALL;    /* epochs of this host's guest that are part of the one history */
bool wasOff;            /* the record has said OFF */
bool willOff[2];        /* the owner switched off the guest of this host, and no other copy has run since */

/* In flight: any of what is in a channel may arrive next, whoever sent it, in whichever life. */
chan toWitness[2] = [2] of { byte, byte, byte };    /* compared term, what to write, incarnation */
chan toHost[2] = [2] of { byte, byte, byte };       /* word, incarnation, epoch */
hidden byte x, y, z, xx, yy, zz;

#define canAsk(h)   (witnessUp && reach[h])
/* A beat says what its sender hears: a link that works one way only is no link. */
#ifdef MUTANT_HEARS_ONE_WAY
#define peerUp(h)   (up[other(h)] && linkTo[h])
#else
#define peerUp(h)   (up[other(h)] && linkTo[0] && linkTo[1])
#endif
#define speaks(h)   (p[h] == P_ALONE || p[h] == P_BY_PROMISE || b[h] == B_ACTIVE)
#define hearsPrimary(h) (peerUp(h) && inc[other(h)] == inc[h] && (p[other(h)] == P_PROTECTED || \
    p[other(h)] == P_HOLDING || p[other(h)] == P_ENTERING || p[other(h)] == P_COVERING))
#define hearsBackup(h) (peerUp(h) && inc[other(h)] == inc[h] && b[other(h)] == B_STANDBY)
#ifdef MUTANT_NO_PROMISE
#define PROMISES    false
#else
#define PROMISES    true
#endif
#ifdef MUTANT_ANY_INCARNATION
#define NAMED(h)    true
#else
#define NAMED(h)    (named == inc[h])
#endif
#define quiet(h)    (len(toHost[0]) + len(toHost[1]) == 0)
#ifdef MUTANT_PROMISES_DESPITE_CLAIM
#define mayPromise(h) (b[h] == B_STANDBY || revocable(h) || b[h] == B_EMPTY || b[h] == B_CLAIMING)
#else
#define mayPromise(h) (b[h] == B_STANDBY || revocable(h) || (b[h] == B_EMPTY && !claimed[h]))
#endif
#ifdef MUTANT_SUSPECTS_FOR_GOOD
#define revocable(h) false
#else
#define revocable(h) (b[h] == B_LOADING || b[h] == B_ASKING)
#endif

inline take(c) {
    c?x,y,z;
    if
    :: true
    :: nempty(c) -> c?xx,yy,zz; c!x,y,z; x = xx; y = yy; z = zz
    fi
}

inline tell(h, word, i, n) {
    if
    :: linkTo[h] && (up[h] || returns[h]) && len(toHost[h]) < 2 -> toHost[h]!word,i,n
    :: !(linkTo[h] && (up[h] || returns[h]) && len(toHost[h]) < 2)
    fi
}

/* --- what the world sees -------------------------------------------------------------------------------------------- */

/* Everything up to epoch n leaves host h. */
inline release(h, n) {
    assert(n <= valid[h] || LOST_OUTPUT_LEAVES);        /* I1: no epoch leaves that the one history lacks */
    if
    :: n > released -> released = n
    :: else
    fi
}

/* Host h begins to speak freely, from what its guest, copy or disk contains. */
inline open(h) {
    assert(!speaks(other(h)) || TWO_SPEAK);             /* I2 */
    assert((!wasOff && !willOff[h]) || SWITCHED_OFF_RUNS);
    assert(hist[h] >= released || SEEN_OUTPUT_IS_LOST); /* I1, I4 */
    willOff[other(h)] = false;
    if
    :: hist[h] < valid[other(h)] -> valid[other(h)] = hist[h]
    :: else
    fi;
    release(h, hist[h])
}

/* What is outstanding at host h, 0 if nothing is. */
#define wish(h)     (p[h] == P_ENTERING -> TO_PROTECTED : ( \
    p[h] == P_CLAIMING || p[h] == P_BY_PROMISE || b[h] == B_ACTIVE -> TO_ALONE : ( \
    p[h] == P_STOPPING -> TO_OFF : ( \
    b[h] == B_CLAIMING -> TO_WON : ( \
    b[h] == B_HANDING_BACK || p[h] == P_HANDING_OVER -> TO_OTHER : 0)))))
/* A reply finds its request only: what an earlier life, or an earlier state, asked for is not answered. */
#ifdef MUTANT_ANY_REPLY
#define awaits(h)   (up[h] && x == known[h] && reply[h] == 0)
#else
#define awaits(h)   (up[h] && x == known[h] && y == wish(h) && reply[h] == 0)
#endif

/* --- the witness ---------------------------------------------------------------------------------------------------- */

inline decide(h) {
    take(toWitness[h]);
    if
    :: x != term -> z = REFUSED
    :: else ->
        term++;
        if
        :: y == TO_ALONE -> mode = ALONE; owner = h; named = 0; running = true
        :: y == TO_WON -> mode = ALONE; owner = h; named = 0; running = false
        :: y == TO_OTHER -> mode = ALONE; owner = other(h); named = 0; running = false
        :: y == TO_PROTECTED -> mode = PROTECTED; owner = h; named = z; running = true
        :: y == TO_OFF -> wasOff = true; mode = OFF; named = 0; running = false
        fi;
        z = DONE
    fi;
    if
    :: awaits(h) -> reply[h] = z
    :: losses > 0 -> losses--
    :: !awaits(h)
    fi
}

proctype witness() {
end:
    do
    :: atomic { witnessUp && reach[0] && nempty(toWitness[0]) -> decide(0) }
    :: atomic { witnessUp && reach[1] && nempty(toWitness[1]) -> decide(1) }
    od
}

/* --- a compare-and-set whose outcome must become known -------------------------------------------------------------- */

/* A primary may aim its own ALONE(self), or OFF, at whatever record names it the primary. */
#define mayAim(h)   (p[h] == P_CLAIMING || p[h] == P_BY_PROMISE || p[h] == P_STOPPING)
#ifdef MUTANT_CLAIMS_ANY_RECORD
#define aims(h)     (mode != OFF && (b[h] == B_CLAIMING || (mayAim(h) && owner == h)))
#else
#define aims(h)     (mode != OFF && mayAim(h) && owner == h)
#endif
#define mine(h)     (term == known[h] + 1 && ( \
    p[h] == P_ENTERING -> (mode == PROTECTED && owner == h && named == inc[h]) : ( \
    p[h] == P_STOPPING -> (mode == OFF) : ( \
    wish(h) == TO_OTHER -> (mode == ALONE && owner == other(h)) : (mode == ALONE && owner == h)))))

inline empty_(h) { b[h] = B_EMPTY; whole[h] = false; claimed[h] = false; known[h] = 0 }
inline becomeBackup(h) { p[h] = 0; empty_(h) }
inline becomePrimary(h) { b[h] = 0; claimed[h] = false }

/* The record names another host. Until that one has recorded that it runs, it may yet hand back. */
#ifdef MUTANT_GIVES_UP_TOO_EARLY
#define mayComeBack(h) (mode == ALONE && owner == other(h) && !running && whole[h])
#else
#define mayComeBack(h) (mode == ALONE && owner == other(h) && !running)
#endif
inline letGo(h) {
    if
    :: mode == OFF -> whole[h] = false; p[h] = P_OFF
    :: mode != OFF && mayComeBack(h) && p[h] != P_STOPPING -> p[h] = P_SUSPENDED
    :: mode != OFF && mayComeBack(h) && p[h] == P_STOPPING      /* the owner's will is kept */
    :: mode != OFF && !mayComeBack(h) -> becomeBackup(h)
    fi
}

inline hand(h) {
    toWitness[h]!known[h],wish(h),(p[h] == P_ENTERING -> inc[h] : 0)
}

inline won(h) {
    known[h]++;
    reply[h] = 0;
    if
    :: p[h] == P_ENTERING -> p[h] = P_PROTECTED; release(h, hist[h])
    :: p[h] == P_CLAIMING -> open(h); whole[h] = true; p[h] = P_ALONE      /* without a guest: boot from disk */
    :: p[h] == P_BY_PROMISE -> p[h] = P_ALONE
    :: p[h] == P_STOPPING -> p[h] = P_OFF
    :: p[h] == P_HANDING_OVER -> p[h] = P_SUSPENDED
    :: b[h] == B_CLAIMING -> b[h] = B_ACTIVATING
    :: b[h] == B_HANDING_BACK -> empty_(h)
    :: b[h] == B_ACTIVE -> becomePrimary(h); p[h] = P_ALONE
    fi
}

inline lost(h) {
    reply[h] = 0;
    if
    :: b[h] != 0 -> assert(b[h] != B_ACTIVE || GRANT_BROKEN); empty_(h)
    :: p[h] != 0 && owner == h && mode != OFF -> p[h] = P_RETURNING
    :: p[h] != 0 && !(owner == h && mode != OFF) ->
        assert(p[h] != P_BY_PROMISE || GRANT_BROKEN);
        letGo(h)
    fi
}

/* Any error: sync, read, decide by content. Also the first time: a claim is handed over to a live session only. */
inline resolve(h) {
    if
#ifdef MUTANT_LIBRARY_RETRIES
    :: known[h] != 0 -> hand(h)                 /* blindly; what comes back is believed */
#endif
#ifdef MUTANT_UNCHANGED_IS_UNDONE
    :: p[h] == P_ENTERING && term == known[h] -> p[h] = P_ALONE; release(h, hist[h])
#endif
    :: mine(h) -> won(h)
    :: !mine(h) && term == known[h] -> hand(h)
    :: !mine(h) && term != known[h] && aims(h) -> known[h] = term; hand(h)
    :: else -> lost(h)
    fi
}

/* --- a host --------------------------------------------------------------------------------------------------------- */

proctype host(bit h) {
end:
    do
    /* the agent comes back */
    :: atomic { !up[h] && returns[h] -> up[h] = true }

    /* - - - primary - - - */
    :: atomic { up[h] && p[h] == P_RETURNING && canAsk(h) ->
        if
#ifdef MUTANT_RESTART_OPENS
        :: owner == h && mode == ALONE && whole[h] -> known[h] = term; open(h); p[h] = P_ALONE
#endif
#ifdef MUTANT_IGNORES_OFF
        :: owner == h && mode == OFF -> known[h] = term; p[h] = P_CLAIMING
#endif
        :: owner == h && mode != OFF -> known[h] = term; p[h] = P_CLAIMING
        :: else -> letGo(h)
        fi }
    :: atomic { up[h] && p[h] == P_ALONE && hist[h] < EPOCHS -> hist[h]++; release(h, hist[h]) }
    :: atomic { up[h] && p[h] == P_ALONE && hist[h] < EPOCHS && nonce < COPIES && peerUp(h) &&
            b[other(h)] != 0 && nfull(toHost[other(h)]) ->
        hist[h]++; nonce++; inc[h] = nonce; p[h] = P_COVERING; tell(other(h), SEED, inc[h], hist[h]) }
    :: atomic { up[h] && p[h] == P_COVERING && (quiet(h) || doubts > 0) ->
        if
        :: quiet(h)
        :: !quiet(h) -> doubts--
        fi;
        p[h] = P_ALONE; release(h, hist[h]) }
#ifdef MUTANT_ENTERS_SPEAKING
    :: atomic { up[h] && p[h] == P_ENTERING && hist[h] < EPOCHS -> hist[h]++; release(h, hist[h]) }
#endif
#ifdef MUTANT_RELEASES_UNACKED
    :: atomic { up[h] && p[h] == P_PROTECTED && released < hist[h] -> release(h, hist[h]) }
#endif
#ifdef MUTANT_OPENS_WHEN_UNKNOWN
    :: atomic { up[h] && p[h] == P_CLAIMING && whole[h] && !canAsk(h) -> open(h); p[h] = P_BY_PROMISE }
#endif
    :: atomic { up[h] && p[h] == P_PROTECTED && hist[h] < EPOCHS && nfull(toHost[other(h)]) ->
        hist[h]++; tell(other(h), EPOCH, inc[h], hist[h]) }
    :: atomic { up[h] && (p[h] == P_PROTECTED || p[h] == P_HOLDING) && released < hist[h] && hearsBackup(h) && quiet(h) &&
            linkTo[other(h)] ->
        tell(other(h), EPOCH, inc[h], released + 1) }
    :: atomic { up[h] && p[h] == P_PROTECTED && (!hearsBackup(h) || doubts > 0) ->
        if
        :: !hearsBackup(h)
        :: else -> doubts--
        fi;
        p[h] = P_HOLDING }
    :: atomic { up[h] && p[h] == P_HOLDING && hearsBackup(h) -> p[h] = P_PROTECTED }
    :: atomic { up[h] && p[h] == P_HOLDING && canAsk(h) -> p[h] = P_CLAIMING }
    :: atomic { up[h] && p[h] == P_SUSPENDED && canAsk(h) && !mayComeBack(h) ->
        if
        :: owner == h && mode != OFF -> p[h] = P_RETURNING
        :: else -> letGo(h)
        fi }
    :: atomic { up[h] && (p[h] == P_ALONE || p[h] == P_PROTECTED || p[h] == P_HOLDING) && offs > 0 ->
        offs--; whole[h] = false; willOff[h] = true; p[h] = P_STOPPING }
    :: atomic { up[h] && p[h] == P_PROTECTED && hearsBackup(h) && released == hist[h] && switchovers > 0 ->
        switchovers--; p[h] = P_HANDING_OVER }
    :: atomic { up[h] && (p[h] == P_RETURNING || p[h] == P_CLAIMING || p[h] == P_ENTERING ||
            (p[h] == P_HOLDING && !hearsBackup(h))) && whole[h] && !canAsk(h) &&
            peerUp(h) && mayPromise(other(h)) && quiet(h) && linkTo[other(h)] && PROMISES ->
        tell(other(h), ASK, inc[h], 0) }

    /* - - - backup - - - */
    :: atomic { up[h] && b[h] == B_STANDBY && (!hearsPrimary(h) || doubts > 0) ->
        if
        :: !hearsPrimary(h)
        :: else -> doubts--
        fi;
        b[h] = B_LOADING }
    :: atomic { up[h] && revocable(h) && hearsPrimary(h) -> b[h] = B_STANDBY }
    :: atomic { up[h] && b[h] == B_LOADING ->
        if
        :: b[h] = B_ASKING
        :: refusals > 0 -> refusals--; empty_(h)
        fi }
    :: atomic { up[h] && b[h] == B_ASKING && canAsk(h) && mode == PROTECTED && owner == other(h) && NAMED(h) ->
        known[h] = term; claimed[h] = true; b[h] = B_CLAIMING }
    /* handed over: it stops acking, and runs what it has */
    :: atomic { up[h] && (b[h] == B_STANDBY || b[h] == B_LOADING || b[h] == B_ASKING) && canAsk(h) &&
            mode == ALONE && owner == h ->
        known[h] = term; claimed[h] = true; b[h] = B_ACTIVATING }
    :: atomic { up[h] && b[h] == B_ACTIVATING ->
        if
        :: whole[h] -> b[h] = B_ACTIVE; open(h)
        :: !whole[h] || refusals > 0 ->
            if
            :: !whole[h]
            :: else -> refusals--
            fi;
            whole[h] = false; b[h] = B_HANDING_BACK
        fi }
    :: atomic { up[h] && b[h] == B_ACTIVE && hist[h] < EPOCHS -> hist[h]++; release(h, hist[h]) }
    /* its claim landed, or not, after it lost its memory; or the group was handed to an empty host */
    :: atomic { up[h] && b[h] == B_EMPTY && canAsk(h) &&
            ((claimed[h] && term != known[h]) || (mode == ALONE && owner == h)) ->
        if
        :: mode == ALONE && owner == h -> known[h] = term; b[h] = B_HANDING_BACK
        :: mode == ALONE && owner == h -> becomePrimary(h); p[h] = P_RETURNING
        :: else -> empty_(h)
        fi }

    /* - - - either: a compare-and-set - - - */
    :: atomic { up[h] && wish(h) != 0 && reply[h] == DONE -> won(h) }
#ifdef MUTANT_LIBRARY_RETRIES
    :: atomic { up[h] && wish(h) != 0 && reply[h] == REFUSED && (p[h] != 0 || b[h] != B_ACTIVE) ->
        reply[h] = 0;
        if
        :: p[h] != 0 -> becomeBackup(h)
        :: else -> empty_(h)
        fi }
#else
    :: atomic { up[h] && wish(h) != 0 && reply[h] == REFUSED -> reply[h] = 0 }
#endif
    :: atomic { up[h] && wish(h) != 0 && reply[h] == 0 && canAsk(h) && nfull(toWitness[h]) &&
            (len(toWitness[h]) == 0 || doubts > 0) && !(p[h] == P_STOPPING && mayComeBack(h)) ->
        if
        :: len(toWitness[h]) == 0
        :: len(toWitness[h]) > 0 -> doubts--
        fi;
        resolve(h) }

    /* - - - either: a message - - - */
    :: atomic { up[h] && nempty(toHost[h]) ->
        take(toHost[h]);
        if
        :: x == ACK && p[h] == P_COVERING && y == inc[h] && z == hist[h] -> p[h] = P_ENTERING
        :: x == ACK && (p[h] == P_PROTECTED || p[h] == P_HOLDING) && y == inc[h] -> release(h, z)
        :: x == PROMISE && (p[h] == P_RETURNING || p[h] == P_CLAIMING || p[h] == P_ENTERING || p[h] == P_PROTECTED ||
                p[h] == P_HOLDING) && whole[h] && y == inc[h] ->
            open(h); p[h] = P_BY_PROMISE
        :: x == SEED && (b[h] == B_EMPTY || b[h] == B_STANDBY || b[h] == B_LOADING || b[h] == B_ASKING) && y > inc[h] ->
            empty_(h); b[h] = B_STANDBY; whole[h] = true; inc[h] = y; hist[h] = z; valid[h] = ALL; willOff[h] = false;
            tell(other(h), ACK, y, z)
#ifdef MUTANT_ACKS_WHILE_CLAIMING
        :: x == EPOCH && (b[h] == B_LOADING || b[h] == B_ASKING || b[h] == B_CLAIMING) && y == inc[h] ->
            tell(other(h), ACK, y, z)
#endif
        :: x == EPOCH && b[h] == B_STANDBY && y == inc[h] && z <= hist[h] + 1 ->
            if
            :: z > hist[h] -> hist[h] = z
            :: else
            fi;
            tell(other(h), ACK, y, hist[h])
        :: x == ASK && mayPromise(h) ->
            empty_(h);
            if
            :: y > inc[h] -> inc[h] = y
            :: else
            fi;
            tell(other(h), PROMISE, y, 0)
        :: else
        fi;
        x = 0; y = 0; z = 0 }
    od
}

/* --- faults --------------------------------------------------------------------------------------------------------- */

/* Where the agent of host h will begin when it starts again. */
inline agentDies(h) {
    reply[h] = 0;
    up[h] = false;
    if
#ifdef MUTANT_FORGETS_THE_SWITCHOVER
    :: p[h] == P_HANDING_OVER -> p[h] = P_RETURNING
#endif
#ifdef MUTANT_FORGETS_IT_LOST
    :: p[h] == P_SUSPENDED -> p[h] = P_RETURNING
#endif
#ifdef MUTANT_FORGETS_THE_OFF
    :: p[h] == P_STOPPING -> p[h] = P_RETURNING
#endif
    :: p[h] != 0 && p[h] != P_STOPPING && p[h] != P_HANDING_OVER && p[h] != P_SUSPENDED -> p[h] = P_RETURNING
    :: b[h] == B_LOADING || b[h] == B_ASKING -> b[h] = B_STANDBY
    :: b[h] == B_ACTIVATING -> b[h] = B_CLAIMING; known[h]--
#ifdef MUTANT_FORGETS_IT_RAN
    :: b[h] == B_ACTIVE -> b[h] = B_CLAIMING; known[h]--
#else
    :: b[h] == B_ACTIVE -> becomePrimary(h); p[h] = P_RETURNING
#endif
    :: else
    fi
}

inline hostDies(h) {
    agentDies(h);
    whole[h] = false;
    if
#ifdef MUTANT_REBOOTED_CLAIMS
    :: b[h] == B_STANDBY -> whole[h] = true; hist[h] = 0
#endif
#ifdef MUTANT_FORGETS_ITS_CLAIM
    :: b[h] == B_STANDBY || b[h] == B_CLAIMING -> b[h] = B_EMPTY; claimed[h] = false
#else
    :: b[h] == B_STANDBY || b[h] == B_CLAIMING -> b[h] = B_EMPTY
#endif
    :: else
    fi
}

inline guestDies(h) {
    whole[h] = false;
    if
    :: p[h] == P_ALONE || p[h] == P_COVERING || p[h] == P_ENTERING || p[h] == P_PROTECTED || p[h] == P_HOLDING ||
        p[h] == P_BY_PROMISE -> p[h] = P_RETURNING; reply[h] = 0
    :: b[h] == B_STANDBY || b[h] == B_LOADING || b[h] == B_ASKING -> b[h] = B_EMPTY
    :: b[h] == B_ACTIVE -> becomePrimary(h); p[h] = P_RETURNING; reply[h] = 0
    :: else
    fi
}

inline drop(h) {
    do
    :: len(toHost[h]) > 0 -> toHost[h]?_,_,_
    :: len(toHost[h]) == 0 -> break
    od
}

inline cut(h) { linkTo[h] = false; drop(h) }

inline mayStayDown(h) {
    if
    :: true
    :: returns[h] = false; drop(h)
    fi
}

proctype faults() {
    bit h;
    do
    :: atomic { crashes > 0 -> crashes--;
        if
        :: h = 0
        :: h = 1
        fi;
        if
        :: up[h] -> agentDies(h); mayStayDown(h)
        :: up[h] -> hostDies(h); mayStayDown(h)
        :: !up[h] -> hostDies(h); mayStayDown(h)
        :: up[h] && whole[h] -> guestDies(h)
        :: linkTo[h] -> cut(h)
        :: linkTo[0] && linkTo[1] -> cut(0); cut(1)
        :: reach[h] -> reach[h] = false
        :: witnessUp -> witnessUp = false;
            if
            :: true
            :: witnessReturns = false
            fi
        fi;
        h = 0 }
    :: atomic { !witnessUp && witnessReturns -> witnessUp = true }
    :: atomic { losses > 0 && nempty(toHost[0]) -> losses--; take(toHost[0]) }
    :: atomic { losses > 0 && nempty(toHost[1]) -> losses--; take(toHost[1]) }
    :: atomic { losses > 0 && nempty(toWitness[0]) -> losses--; take(toWitness[0]) }
    :: atomic { losses > 0 && nempty(toWitness[1]) -> losses--; take(toWitness[1]) }
    :: atomic { true -> crashes = 0; losses = 0; doubts = 0; refusals = 0; offs = 0; switchovers = 0; break }
    od;
endCalm:
    do
    :: atomic { !witnessUp && witnessReturns -> witnessUp = true }
    od
}

/* --- progress: what must hold when nothing more can happen ---------------------------------------------------------- */

#define served(h) (speaks(h) || (p[h] == P_PROTECTED && hearsBackup(h) && released == hist[h]))
/* The witness lives, host h can talk to it, and the record lets h run. */
#define couldRun(h) (up[h] && canAsk(h) && mode != OFF && (owner == h || \
    (mode == PROTECTED && whole[h] && b[h] != 0 && named == inc[h])))
/* Both hosts live and can talk, the primary's guest lives, and no claim of the backup is outstanding. */
#define couldGoOn(h) (up[0] && up[1] && linkTo[0] && linkTo[1] && whole[h] && p[h] != 0 && p[h] != P_SUSPENDED && p[h] != P_HANDING_OVER && \
    (b[other(h)] == B_STANDBY || b[other(h)] == B_LOADING || b[other(h)] == B_ASKING || \
    (b[other(h)] == B_EMPTY && !claimed[other(h)])))

active proctype atLast() {
end:
    timeout ->
    assert(served(0) || served(1) || !(couldRun(0) || couldRun(1) || couldGoOn(0) || couldGoOn(1)) || NOT_SERVED)
}

init {
    atomic {
        p[0] = P_ALONE; whole[0] = true; known[0] = 1;
        b[1] = B_EMPTY;
        run witness(); run host(0); run host(1); run faults()
    }
}
